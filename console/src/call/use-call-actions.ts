import { useMutation } from '@tanstack/react-query';
import { api } from '../api.ts';

export type CallActions = {
  readonly choose: (patientId: string) => void;
  readonly confirm: () => void;
  readonly wrong: () => void;
  readonly busy: boolean;
  readonly error: Error | null;
};

/** What staff say about who is calling. The screen changes when the server tells everybody over the live feed. */
export function useCallActions(callId: string): CallActions {
  const choose = useMutation({ mutationFn: (patientId: string) => api.chooseCandidate(callId, patientId) });
  const confirm = useMutation({ mutationFn: () => api.confirmIdentity(callId, ['birth-date']) });
  const wrong = useMutation({ mutationFn: () => api.wrongPatient(callId) });
  return {
    choose: choose.mutate,
    confirm: confirm.mutate,
    wrong: wrong.mutate,
    busy: choose.isPending || confirm.isPending || wrong.isPending,
    error: choose.error ?? confirm.error ?? wrong.error,
  };
}
