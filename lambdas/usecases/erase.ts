/** What people and the schedule ask of erasures. */
import type { ErasurePlan } from '../domain/erasure.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { EraseRequest } from '../payloads.ts';
import { planErasure } from './plan-erasure.ts';

export interface EraseAnswers {
  readonly plan: { readonly outcome: 'planned'; readonly plan: ErasurePlan };
}
export type EraseAnswerTo<Action extends keyof EraseAnswers> = EraseAnswers[Action];
export type EraseAnswer = EraseAnswers[keyof EraseAnswers];

export const erase = async (ports: ErasurePorts, request: EraseRequest, until: EpochMs): Promise<EraseAnswer> => {
  const { repository, selection } = request;
  return { outcome: 'planned', plan: await planErasure(ports, { repository, selection, until }) };
};
