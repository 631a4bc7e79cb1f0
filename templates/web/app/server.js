/*
A small shop over HTTP: the products and what was ordered, from Postgres, with the list of products kept in Redis for a minute.

	GET  /           what there is
	GET  /products   from the cache where it has them
	GET  /orders     with their totals
	POST /orders     {"customer": 1, "product": 2, "quantity": 1}
	GET  /health     200 when both databases answer
*/
import {createServer} from 'node:http';
import {createClient} from '@redis/client';
import pg from 'pg';

const {
	HOST: host = '0.0.0.0',
	PORT: port = '3000',
	REDIS_HOST: redisHost = '127.0.0.1',
	REDIS_PORT: redisPort = '6379',
	REDIS_PASSWORD: password,
} = process.env;

// PGHOST, PGUSER and the like say where it is. A reset or a switch restarts the databases: connections come back by themselves.
const database = new pg.Pool({connectionTimeoutMillis: 3000});
database.on('error', error => {
	console.error('A connection to Postgres ended:', error.message);
});

const cache = createClient({
	socket: {host: redisHost, port: Number(redisPort), reconnectStrategy: attempts => Math.min(attempts * 50, 1000)},
	password,
	// Without Redis requests are answered from Postgres, not kept waiting.
	disableOfflineQueue: true,
});
cache.on('error', error => {
	console.error('A connection to Redis ended:', error.message);
});
cache.connect().catch(error => {
	console.error('Redis did not answer:', error.message);
});

class RequestError extends Error {}

const productsKey = 'products';

const listProducts = async () => {
	const kept = await cache.get(productsKey).catch(() => null);
	if (kept !== null) {
		return {from: 'cache', products: JSON.parse(kept)};
	}

	const {rows} = await database.query('SELECT id, name, price, stock FROM products ORDER BY id');
	await cache.set(productsKey, JSON.stringify(rows), {expiration: {type: 'EX', value: 60}}).catch(() => null);
	return {from: 'database', products: rows};
};

const listOrders = async () => {
	const {rows} = await database.query('SELECT id, customer, status, total FROM order_totals ORDER BY id');
	return {orders: rows};
};

const readBody = async request => {
	let text = '';
	for await (const chunk of request) {
		text += chunk;
		if (text.length > 10_000) {
			throw new RequestError('that is too long');
		}
	}

	try {
		return JSON.parse(text);
	} catch {
		throw new RequestError('expected JSON');
	}
};

// Takes the goods from stock and writes the order, both or neither.
const placeOrder = async request => {
	const {customer, product, quantity} = await readBody(request) ?? {};
	if (![customer, product, quantity].every(number => Number.isSafeInteger(number) && number > 0)) {
		throw new RequestError('expected {"customer": 1, "product": 2, "quantity": 1}');
	}

	const client = await database.connect();
	try {
		await client.query('BEGIN');
		const taken = await client.query('UPDATE products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING price', [product, quantity]);
		if (taken.rowCount === 0) {
			throw new RequestError('there is no such product, or not that many of it');
		}

		const order = await client.query('INSERT INTO orders (customer_id) SELECT id FROM customers WHERE id = $1 RETURNING id', [customer]);
		if (order.rowCount === 0) {
			throw new RequestError('there is no such customer');
		}

		const {id} = order.rows[0];
		await client.query(
			'INSERT INTO order_lines (order_id, product_id, quantity, price) VALUES ($1, $2, $3, $4)',
			[id, product, quantity, taken.rows[0].price],
		);
		await client.query('COMMIT');
		await cache.del(productsKey).catch(() => null);
		return {order: id};
	} catch (error) {
		await client.query('ROLLBACK').catch(() => null);
		throw error;
	} finally {
		client.release();
	}
};

const checkHealth = async () => {
	await Promise.all([database.query('SELECT 1'), cache.ping()]);
	return {ok: true};
};

const routes = {
	'GET /': async () => ({routes: Object.keys(routes)}),
	'GET /products': listProducts,
	'GET /orders': listOrders,
	'POST /orders': placeOrder,
	'GET /health': checkHealth,
};

const answer = async request => {
	const {pathname} = new URL(request.url, 'http://localhost');
	const route = routes[`${request.method} ${pathname}`];
	if (route === undefined) {
		return [404, {error: 'there is nothing here'}];
	}

	try {
		return [200, await route(request)];
	} catch (error) {
		if (error instanceof RequestError) {
			return [400, {error: error.message}];
		}

		console.error(error.message);
		return [503, {error: 'a database does not answer; the log says more'}];
	}
};

const server = createServer(async (request, response) => {
	const [status, body] = await answer(request);
	response.writeHead(status, {'content-type': 'application/json'});
	response.end(`${JSON.stringify(body, undefined, '\t')}\n`);
});
server.listen(Number(port), host, () => {
	console.log(`Listening on ${host}:${port}`);
});

// Without this a container is killed only after its whole grace period.
for (const signal of ['SIGTERM', 'SIGINT']) {
	process.once(signal, () => {
		server.close();
		server.closeAllConnections();
		cache.destroy();
		database.end().finally(() => process.exit());
	});
}
