/**
The one store. Vanilla: it lives outside of React, and is fed by events.
*/
import {createStore, type StoreApi} from 'zustand/vanilla';
import type {State} from './state.ts';

export type Store = StoreApi<State>;

export const makeStore = (state: State): Store => createStore<State>(() => state);
