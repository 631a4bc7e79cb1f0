-- A small shop: customers, what they can buy, and what they have ordered. Read once, when the database is made.

CREATE TABLE customers (
	id integer NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name varchar(200) NOT NULL,
	email varchar(200) NOT NULL UNIQUE,
	city varchar(200) NOT NULL,
	created_at datetime NOT NULL DEFAULT current_timestamp()
);

CREATE TABLE products (
	id integer NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name varchar(200) NOT NULL UNIQUE,
	price decimal(10, 2) NOT NULL CHECK (price >= 0),
	stock integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE orders (
	id integer NOT NULL AUTO_INCREMENT PRIMARY KEY,
	customer_id integer NOT NULL,
	status enum('open', 'paid', 'shipped', 'cancelled') NOT NULL DEFAULT 'open',
	ordered_at datetime NOT NULL DEFAULT current_timestamp(),
	KEY (customer_id, ordered_at),
	FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE order_lines (
	order_id integer NOT NULL,
	product_id integer NOT NULL,
	quantity integer NOT NULL CHECK (quantity > 0),
	-- What it cost on the day it was ordered.
	price decimal(10, 2) NOT NULL,
	PRIMARY KEY (order_id, product_id),
	FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
	FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE VIEW order_totals AS
	SELECT orders.id, customers.name AS customer, orders.status, sum(order_lines.quantity * order_lines.price) AS total
	FROM orders
	JOIN customers ON customers.id = orders.customer_id
	JOIN order_lines ON order_lines.order_id = orders.id
	GROUP BY orders.id, customers.name, orders.status;

SET NAMES utf8mb4;

INSERT INTO customers (id, name, email, city, created_at) VALUES
	(1, 'Ada Moreau', 'ada@example.com', 'Lyon', '2025-01-14 09:12'),
	(2, 'Jonas Lind', 'jonas@example.com', 'Malmö', '2025-02-02 17:40'),
	(3, 'Priya Nair', 'priya@example.com', 'Kochi', '2025-02-19 06:05'),
	(4, 'Tomás Vega', 'tomas@example.com', 'Valencia', '2025-03-08 12:31'),
	(5, 'Wanjiru Kamau', 'wanjiru@example.com', 'Nakuru', '2025-03-21 15:55');

INSERT INTO products (id, name, price, stock) VALUES
	(1, 'Hazel stakes, bundle of ten', 14.50, 120),
	(2, 'Pruning saw', 32.00, 45),
	(3, 'Billhook', 58.90, 18),
	(4, 'Leather gloves', 21.75, 80),
	(5, 'Willow basket', 39.00, 26),
	(6, 'Charcoal, 5 kg', 12.20, 200);

INSERT INTO orders (id, customer_id, status, ordered_at) VALUES
	(1, 1, 'shipped', '2025-03-01 10:00'),
	(2, 2, 'shipped', '2025-03-04 11:30'),
	(3, 1, 'paid', '2025-04-12 08:45'),
	(4, 3, 'open', '2025-04-15 19:20'),
	(5, 4, 'cancelled', '2025-04-16 07:10'),
	(6, 5, 'paid', '2025-04-18 13:05');

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
