/**
The graph of a log: `layoutGraph` puts commits on lanes, `renderGraph` makes text of that.
*/
export {
	layoutGraph, type GraphCell, type GraphCommit, type GraphLine, type GraphRow,
} from './layout-graph.ts';
export {
	renderGraph, type RenderedLine, type RenderedRow, type RenderOptions,
} from './render-graph.ts';
