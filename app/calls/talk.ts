import type { AnsweredLeg } from './answered-leg.ts';

/** One who talks. `extension` null: somebody outside. */
export type Party = {
  readonly leg: AnsweredLeg;
  readonly extension: string | null;
  /** Records the end of the leg, once. */
  readonly ended: (reason: string) => void;
};

/** A party that left one conversation for another. */
export type Taken = { readonly leg: AnsweredLeg; readonly extension: string | null };

/** A conversation as another sees it in an attended transfer. */
export interface Talk {
  /** Somebody outside is in it: its call goes on, so that its record does. */
  readonly hasOutside: boolean;
  /** Whose leg has this SIP Call-ID. */
  partyOf(sipCallId: string): Party | null;
  /** Takes out whom `asks` talks to; the conversation ends by it. */
  give(asks: Party): Promise<Taken>;
  /** Puts `taken` in the place of `own`. */
  receive(own: Party, taken: Taken): void;
}
