/**
Loads the recipe that a service needs, and no other.
*/
import type {KnownService} from '../known-images.ts';
import type {Recipe} from './recipe.ts';

export const loadRecipe = async (name: KnownService['recipe']): Promise<Recipe> => {
	switch (name) {
		case 'postgres': {
			return (await import('./postgres.ts')).postgres;
		}

		case 'redis': {
			return (await import('./redis.ts')).redis;
		}

		case 'mariadb': {
			return (await import('./mariadb.ts')).mariadb;
		}

		case 'custom': {
			return (await import('./custom.ts')).custom;
		}
	}
};
