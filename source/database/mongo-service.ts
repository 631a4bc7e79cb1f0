/**
What a service says of its MongoDB: who may log in, and on which port it listens.
*/
import type {Service} from '../stack/stack.ts';
import type {Credentials} from './database.ts';
import {portOf} from './image-name.ts';
import {readVariable} from './service-variable.ts';

export const credentials = (service: Service): Credentials => {
	const user = readVariable(service, 'MONGO_INITDB_ROOT_USERNAME', 'MONGODB_INITDB_ROOT_USERNAME', 'MONGODB_ROOT_USER') ?? '';
	const password = readVariable(service, 'MONGO_INITDB_ROOT_PASSWORD', 'MONGODB_INITDB_ROOT_PASSWORD', 'MONGODB_ROOT_PASSWORD');
	return {user, database: readVariable(service, 'MONGO_INITDB_DATABASE', 'MONGODB_DATABASE') ?? '', ...(password !== undefined && {password})};
};

export const listensOn = (service: Service): number => portOf(service, 27_017, {options: ['--port'], variables: ['MONGODB_PORT_NUMBER']});
