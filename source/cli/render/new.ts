/**
What `new` made, and the templates there are.
*/
import type {NewStackResult} from '../../actions/new-stack.ts';
import type {Template} from '../../actions/templates/templates.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderTemplates = (templates: readonly Template[], {style}: View): string =>
	renderTable(templates.map(({name, summary}) => [style.bold(name), summary]));

export const renderNewStack = ({name, folder, template, files, ports, next}: NewStackResult, {style}: View): string => [
	`Made ${style.bold(name)} from the template ${template}, in ${folder}`,
	`Files: ${files.join(', ')}`,
	`Ports: ${Object.entries(ports).map(([variable, port]) => `${variable}=${port}`).join(', ')}; the passwords are in .env, which only you can read`,
	`Next: \`${next.join(' && ')}\``,
].join('\n');
