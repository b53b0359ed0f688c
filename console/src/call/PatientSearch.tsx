import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api.ts';
import { Dialog } from '../shell/Dialog.tsx';
import { useText } from '../text.tsx';
import { CandidateButton } from './Candidates.tsx';
import classes from './call.module.css';

/** Finds the patient when the number does not tell: by name, birth date or MRN in one field. */
export function PatientSearch(props: { opened: boolean; onClose: () => void; onChoose: (patientId: string) => void }) {
  const { text } = useText();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={text.call.search}>
      <SearchForm
        onChoose={(patientId) => {
          props.onChoose(patientId);
          props.onClose();
        }}
      />
    </Dialog>
  );
}

function SearchForm(props: { onChoose: (patientId: string) => void }) {
  const { text } = useText();
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed.trim(), 250);
  const found = useQuery({
    queryKey: ['patients', asked],
    queryFn: () => api.searchPatients(readQuery(asked)),
    enabled: asked.length >= 2,
    gcTime: 0,
  });
  return (
    <div className={classes.search}>
      <TextInput
        data-autofocus
        size="lg"
        label={text.call.searchHint}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div role="status" className="visually-hidden">
        {found.data ? found.data.length : ''}
      </div>
      {found.error && <p role="alert">{text.shell.error}</p>}
      {found.data?.length === 0 && <p className={classes.soft}>{text.call.searchNone}</p>}
      <ul className={classes.candidates}>
        {found.data?.map((candidate) => (
          <li key={candidate.patientId}>
            <CandidateButton candidate={{ ...candidate, because: '' }} digit={null} onChoose={props.onChoose} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A date is a birth date, something with a digit an MRN, anything else a name. */
export function readQuery(text: string): { name?: string; birthDate?: string; mrn?: string } {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return { birthDate: text };
  return /\d/.test(text) ? { mrn: text } : { name: text };
}
