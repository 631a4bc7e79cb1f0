-- A small shop: customers, what they can buy, and what they have ordered. Read once, when the database is made.

CREATE TABLE customers (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL,
	email text NOT NULL UNIQUE,
	city text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE,
	price numeric(10, 2) NOT NULL CHECK (price >= 0),
	stock integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE orders (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer_id integer NOT NULL REFERENCES customers,
	status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'shipped', 'cancelled')),
	ordered_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_lines (
	order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
	product_id integer NOT NULL REFERENCES products,
	quantity integer NOT NULL CHECK (quantity > 0),
	-- What it cost on the day it was ordered.
	price numeric(10, 2) NOT NULL,
	PRIMARY KEY (order_id, product_id)
);

CREATE INDEX ON orders (customer_id, ordered_at);
CREATE INDEX ON order_lines (product_id);

CREATE VIEW order_totals AS
	SELECT orders.id, customers.name AS customer, orders.status, sum(quantity * price) AS total
	FROM orders
	JOIN customers ON customers.id = orders.customer_id
	JOIN order_lines ON order_lines.order_id = orders.id
	GROUP BY orders.id, customers.name, orders.status;

INSERT INTO customers (name, email, city, created_at) VALUES
	('Ada Moreau', 'ada@example.com', 'Lyon', '2025-01-14 09:12+00'),
	('Jonas Lind', 'jonas@example.com', 'Malmö', '2025-02-02 17:40+00'),
	('Priya Nair', 'priya@example.com', 'Kochi', '2025-02-19 06:05+00'),
	('Tomás Vega', 'tomas@example.com', 'Valencia', '2025-03-08 12:31+00'),
	('Wanjiru Kamau', 'wanjiru@example.com', 'Nakuru', '2025-03-21 15:55+00');

INSERT INTO products (name, price, stock) VALUES
	('Hazel stakes, bundle of ten', 14.50, 120),
	('Pruning saw', 32.00, 45),
	('Billhook', 58.90, 18),
	('Leather gloves', 21.75, 80),
	('Willow basket', 39.00, 26),
	('Charcoal, 5 kg', 12.20, 200);

INSERT INTO orders (customer_id, status, ordered_at) VALUES
	(1, 'shipped', '2025-03-01 10:00+00'),
	(2, 'shipped', '2025-03-04 11:30+00'),
	(1, 'paid', '2025-04-12 08:45+00'),
	(3, 'open', '2025-04-15 19:20+00'),
	(4, 'cancelled', '2025-04-16 07:10+00'),
	(5, 'paid', '2025-04-18 13:05+00');

INSERT INTO order_lines (order_id, product_id, quantity, price) VALUES
	(1, 2, 1, 32.00),
	(1, 4, 2, 21.75),
	(2, 1, 3, 13.90),
	(3, 5, 1, 39.00),
	(3, 6, 4, 12.20),
	(4, 3, 1, 58.90),
	(4, 4, 1, 21.75),
	(5, 6, 10, 12.20),
	(6, 1, 5, 14.50),
	(6, 2, 1, 32.00);
