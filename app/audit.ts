/** Who did what to whom. `subject` names a record ('call:<id>', 'recording:<id>'); `detail` never holds clinical text. */
export type AuditEntry = {
  /** 'user:<login>' or 'system'. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail?: Readonly<Record<string, unknown>>;
};

/** Adds to the one hash-chained audit. Rejects when it could not be stored: the caller decides whether to go on. */
export type Audit = (entry: AuditEntry) => Promise<void>;
