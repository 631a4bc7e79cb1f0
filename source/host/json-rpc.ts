/**
What is used of vscode-jsonrpc, by name: a bundler that makes ES modules finds the names of a CommonJS package only where they are imported statically. To be
imported when it is needed: it takes its time to load.
*/
export {
	CancellationTokenSource,
	createMessageConnection,
	ResponseError,
	StreamMessageReader,
	StreamMessageWriter,
} from 'vscode-jsonrpc/node';
