import type { Decision, Step } from './types.ts';

/** A decision in plain text, a line each: the rule, what happens in order, why each rule and target was or was not taken. */
export function explain(decision: Decision): string {
  const { rule, steps, reasons, targets, rulesVersion } = decision;
  const tried = reasons.filter((trial) => !trial.applied);
  return [
    rule ? `Rule ${rule.id} '${rule.name}' decides` : 'No rule holds: the last resort decides',
    `  because ${reasons.find((trial) => trial.applied)?.because ?? 'every rule that was tried asks for something else'}`,
    '',
    'What happens:',
    ...steps.map((step, index) => `  ${index + 1}. ${stepText(step)}`),
    '',
    'Targets:',
    ...targets.map((trial) => `  ${trial.used ? 'yes' : ' no'}  ${trial.target}: ${trial.because}`),
    '',
    tried.length === 0 ? 'No rule was tried before it.' : 'Rules tried before it:',
    ...tried.map((trial) => `   no  ${trial.ruleId} '${trial.name}': ${trial.because}`),
    '',
    `Rules version ${rulesVersion}.`,
  ].join('\n');
}

/** One step in words: 'rings 201 and 202 for 20 s'. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'ring':
      return `rings ${step.extensions.join(' and ')} for ${step.ringSeconds} s`;
    case 'queue':
      return `waits in the queue of ${step.team} (${step.priority}) for at most ${step.maxWaitSeconds} s`;
    case 'outside':
      return `rings outside number ${step.number} for ${step.ringSeconds} s`;
    case 'menu':
      return `plays the menu ${step.menu}`;
    case 'callback':
      return `offers a callback by ${step.team}`;
    case 'voicemail':
      return `takes a message for ${step.mailbox}`;
    case 'goodbye':
      return `plays '${step.prompt}' and hangs up`;
  }
}
