import type { CallView, CandidateView } from '../../../app/api-types.ts';
import { formatDate } from '../format.ts';
import { Dots } from '../shell/Dots.tsx';
import { Key } from '../shell/Help.tsx';
import { useText } from '../text.tsx';
import classes from './call.module.css';
import { CallerLine, mrnWords, relationWords } from './Identity.tsx';

/** The people the number may mean, most likely first; one click or digit chooses. Never chosen for the user. */
export function Candidates(props: { call: CallView; onChoose: ((patientId: string) => void) | null }) {
  const { text } = useText();
  return (
    <div className={classes.several}>
      <h2 className={classes.name}>{text.call.several(props.call.candidates.length)}</h2>
      <p className={classes.who}>{text.call.severalWhy}</p>
      <CallerLine call={props.call} />
      <ul className={classes.candidates}>
        {props.call.candidates.map((candidate, index) => (
          <li key={candidate.patientId}>
            <CandidateButton candidate={candidate} digit={index < 9 ? index + 1 : null} onChoose={props.onChoose} />
          </li>
        ))}
      </ul>
    </div>
  );
}

export function CandidateButton(props: {
  candidate: CandidateView;
  digit: number | null;
  onChoose: ((patientId: string) => void) | null;
}) {
  const { text, language } = useText();
  const { candidate, onChoose } = props;
  const born = candidate.birthDate && `${text.call.born} ${formatDate(candidate.birthDate, language)}`;
  return (
    <button
      type="button"
      className={classes.candidate}
      disabled={!onChoose}
      onClick={() => onChoose?.(candidate.patientId)}
    >
      <span>
        <strong className={classes.candidateName}>
          {candidate.name} {candidate.ageYears !== null && text.call.years(candidate.ageYears)}
        </strong>
        <span className={classes.soft}>
          <Dots words={[candidate.gender, born, mrnWords(candidate, text.call)]} />
        </span>
        {props.digit !== null && <span className={classes.soft}>{relationWords(candidate, text.call)}</span>}
        {candidate.because && <span className={classes.because}>{candidate.because}</span>}
      </span>
      {props.digit !== null && <Key>{String(props.digit)}</Key>}
    </button>
  );
}
