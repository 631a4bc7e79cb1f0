// A small shop: customers, what they can buy, and what they have ordered. Read once, when the database is made.

db.customers.insertMany([
	{_id: 1, name: 'Ada Moreau', email: 'ada@example.com', city: 'Lyon', createdAt: new Date('2025-01-14T09:12:00Z')},
	{_id: 2, name: 'Jonas Lind', email: 'jonas@example.com', city: 'Malmö', createdAt: new Date('2025-02-02T17:40:00Z')},
	{_id: 3, name: 'Priya Nair', email: 'priya@example.com', city: 'Kochi', createdAt: new Date('2025-02-19T06:05:00Z')},
	{_id: 4, name: 'Tomás Vega', email: 'tomas@example.com', city: 'Valencia', createdAt: new Date('2025-03-08T12:31:00Z')},
	{_id: 5, name: 'Wanjiru Kamau', email: 'wanjiru@example.com', city: 'Nakuru', createdAt: new Date('2025-03-21T15:55:00Z')},
]);
db.customers.createIndex({email: 1}, {unique: true});

db.products.insertMany([
	{_id: 1, name: 'Hazel stakes, bundle of ten', price: Decimal128('14.50'), stock: 120},
	{_id: 2, name: 'Pruning saw', price: Decimal128('32.00'), stock: 45},
	{_id: 3, name: 'Billhook', price: Decimal128('58.90'), stock: 18},
	{_id: 4, name: 'Leather gloves', price: Decimal128('21.75'), stock: 80},
	{_id: 5, name: 'Willow basket', price: Decimal128('39.00'), stock: 26},
	{_id: 6, name: 'Charcoal, 5 kg', price: Decimal128('12.20'), stock: 200},
]);
db.products.createIndex({name: 1}, {unique: true});

// What a product cost on the day it was ordered is kept with the order.
const line = (product, quantity, price) => ({product, quantity, price: Decimal128(price)});
db.orders.insertMany([
	{_id: 1, customer: 1, status: 'shipped', orderedAt: new Date('2025-03-01T10:00:00Z'), lines: [line(2, 1, '32.00'), line(4, 2, '21.75')]},
	{_id: 2, customer: 2, status: 'shipped', orderedAt: new Date('2025-03-04T11:30:00Z'), lines: [line(1, 3, '13.90')]},
	{_id: 3, customer: 1, status: 'paid', orderedAt: new Date('2025-04-12T08:45:00Z'), lines: [line(5, 1, '39.00'), line(6, 4, '12.20')]},
	{_id: 4, customer: 3, status: 'open', orderedAt: new Date('2025-04-15T19:20:00Z'), lines: [line(3, 1, '58.90'), line(4, 1, '21.75')]},
	{_id: 5, customer: 4, status: 'cancelled', orderedAt: new Date('2025-04-16T07:10:00Z'), lines: [line(6, 10, '12.20')]},
	{_id: 6, customer: 5, status: 'paid', orderedAt: new Date('2025-04-18T13:05:00Z'), lines: [line(1, 5, '14.50'), line(2, 1, '32.00')]},
]);
db.orders.createIndex({customer: 1, orderedAt: 1});
