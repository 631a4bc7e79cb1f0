/**
JSON for scripts.
*/

/**
As text, indented by so many spaces; on one line with 0.
*/
export const toJsonText = (value: unknown, indent = 2): string => JSON.stringify(value, undefined, indent);
