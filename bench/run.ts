/**
Runs every benchmark, one after the other: `npm run bench`.
*/
await import('./status.ts');
await import('./commit.ts');
await import('./reset.ts');
await import('./docker.ts');
await import('./stream.ts');
await import('./sync.ts');
