import { Button } from '@mantine/core';
import { mdiAccountCancel, mdiAccountCheck, mdiTranslate } from '@mdi/js';
import type { CallView, CandidateView, CardView } from '../../../app/api-types.ts';
import { formatDate, formatLanguage, formatPhone } from '../format.ts';
import { Dots } from '../shell/Dots.tsx';
import { Key } from '../shell/Help.tsx';
import { Icon } from '../shell/Icon.tsx';
import { useText } from '../text.tsx';
import classes from './call.module.css';
import { known } from './PartValue.tsx';
import type { CallActions } from './use-call-actions.ts';

/** Who it is, in type that is read from a metre away, and how sure we are. */
export function Identity(props: { call: CallView; patient: CandidateView; actions: CallActions | null }) {
  const { text, language } = useText();
  const { call, patient, actions } = props;
  const { card } = call;
  return (
    <div className={classes.identity}>
      <div>
        <h2 className={classes.name}>
          {patient.name} {patient.ageYears !== null && <Age years={patient.ageYears} />}
        </h2>
        <p className={classes.who}>
          <Dots words={describe(patient, card, language, text.call)} />
        </p>
        <CallerLine call={call} patient={patient} />
        {card?.interpreterNeeded && (
          <p className={classes.interpreter}>
            <Icon path={mdiTranslate} /> {text.call.interpreter}
            {known(card.language) && `: ${formatLanguage(known(card.language) ?? '', language)}`}
          </p>
        )}
      </div>
      <div className={classes.sureness}>
        <Assurance call={call} />
        {actions && call.state !== 'ended' && (
          <div className={classes.buttons}>
            {call.assurance < 4 && (
              <Button
                leftSection={<Icon path={mdiAccountCheck} />}
                rightSection={<Key>c</Key>}
                title={text.call.confirmWhy}
                loading={actions.busy}
                onClick={actions.confirm}
              >
                {text.call.confirm}
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<Icon path={mdiAccountCancel} />}
              rightSection={<Key>w</Key>}
              loading={actions.busy}
              onClick={actions.wrong}
            >
              {text.call.wrong}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function Age(props: { years: number }) {
  const { text } = useText();
  return (
    <span className={classes.ageYears}>
      <span aria-hidden="true">{text.call.years(props.years)}</span>
      <span className="visually-hidden">{text.call.yearsOld(props.years)}</span>
    </span>
  );
}

/** The number, whose it is, and what the network calls the caller. */
export function CallerLine(props: { call: CallView; patient?: CandidateView }) {
  const { text } = useText();
  const { call, patient } = props;
  const words = [
    call.callerNumber && formatPhone(call.callerNumber),
    patient && relationWords(patient, text.call),
    call.callerName && `${text.call.callerName} “${call.callerName}”`,
  ];
  return words.some(Boolean) ? (
    <p className={classes.number}>
      <Dots words={words} />
    </p>
  ) : null;
}

/** 'MRN 200001'. */
export function mrnWords({ mrn }: CandidateView, words: Words): string | null {
  return mrn && (/^MRN/i.test(mrn) ? mrn : `${words.mrn} ${mrn}`);
}

/** How the number belongs to the patient. */
export function relationWords(patient: CandidateView, words: Words): string {
  return patient.heldBy ? words.heldBy(patient.heldBy) : words.relation[patient.relation];
}

/** Five steps from 'not identified' to 'verified by staff', as bars and in words. */
function Assurance(props: { call: CallView }) {
  const { text } = useText();
  const { assurance, assuranceBecause } = props.call;
  return (
    <div className={classes.assurance}>
      <span className={classes.bars} aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <i key={step} data-on={step <= assurance} />
        ))}
      </span>
      <span>
        <strong className={classes.assuranceWords}>{text.assurance[assurance]}</strong>
        {assuranceBecause && <span className={classes.soft}>{assuranceBecause}</span>}
      </span>
    </div>
  );
}

type Words = ReturnType<typeof useText>['text']['call'];

function describe(patient: CandidateView, card: CardView | null, language: string, words: Words): (string | null)[] {
  const preferred = known(card?.preferredName);
  return [
    preferred ? `“${preferred}”` : null,
    known(card?.pronouns),
    patient.gender,
    patient.birthDate && `${words.born} ${formatDate(patient.birthDate, language)}`,
    mrnWords(patient, words),
  ];
}
