/**
The templates of `coppice new`, as far as they are known without looking at their files: a folder each in `templates/`.
*/

export type TemplateName = 'postgres' | 'postgres-redis' | 'mariadb' | 'mongo' | 'web';

export type Template = {
	readonly name: TemplateName;

	/** One line, for the list. */
	readonly summary: string;

	/** Another template whose files it has too, under its own. */
	readonly base?: TemplateName;

	/** What the user should know before the first start. */
	readonly note?: string;
};

export const templates: readonly Template[] = [
	{name: 'postgres', summary: 'Postgres with a small shop in it'},
	{name: 'postgres-redis', summary: 'Postgres with a small shop in it, and Redis', base: 'postgres'},
	{name: 'mariadb', summary: 'MariaDB with a small shop in it'},
	{
		name: 'mongo', summary: 'MongoDB with a small shop in it',
		note: 'MongoDB needs the Docker runtime: the process runtime knows no server for it.',
	},
	{
		name: 'web', summary: 'a web application in three tiers: a Node server, Postgres, and Redis as its cache', base: 'postgres-redis',
		note: 'Without Docker, run `npm install` in its folder app first: the server then runs with the Node of this machine.',
	},
];

export const defaultTemplate: TemplateName = 'postgres';

export const templateNames: readonly string[] = templates.map(({name}) => name);
