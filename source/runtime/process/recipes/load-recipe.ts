/**
Loads the recipe that a service needs, and no other.
*/
import type {KnownService} from '../known-images.ts';
import type {Recipe} from './recipe.ts';

export const loadRecipe = async (name: KnownService['recipe']): Promise<Recipe> => {
	switch (name) {
		case 'postgres': {
			const {postgres} = await import('./postgres.ts');
			return postgres;
		}

		case 'redis': {
			const {redis} = await import('./redis.ts');
			return redis;
		}

		case 'mariadb': {
			const {mariadb} = await import('./mariadb.ts');
			return mariadb;
		}

		case 'custom': {
			const {custom} = await import('./custom.ts');
			return custom;
		}
	}
};
