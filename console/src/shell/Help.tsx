import { Switch } from '@mantine/core';
import { useText } from '../text.tsx';
import { Dialog } from './Dialog.tsx';
import classes from './shell.module.css';
import { useKeysEnabled } from './use-keys.ts';

export function Key(props: { children: string }) {
  return <kbd className={classes.key}>{props.children}</kbd>;
}

export function Help(props: { opened: boolean; onClose: () => void }) {
  const { text } = useText();
  const [enabled, setEnabled] = useKeysEnabled();
  const rows: [string[], string][] = [
    [['j', '↓'], text.keys.next],
    [['k', '↑'], text.keys.previous],
    [['1', '9'], text.keys.candidate],
    [['c'], text.keys.confirm],
    [['w'], text.keys.wrong],
    [['/'], text.keys.search],
    [['l', 'h', 'b'], text.keys.pages],
    [['?'], text.keys.help],
  ];
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={text.keys.title}>
      <Switch
        mb="md"
        label={text.keys.enabled}
        checked={enabled}
        onChange={(event) => setEnabled(event.currentTarget.checked)}
      />
      <table className={classes.keys}>
        <tbody>
          {rows.map(([keys, what]) => (
            <tr key={what + keys.join()}>
              <td>
                {keys.map((key) => (
                  <span key={key}>
                    <Key>{key}</Key>{' '}
                  </span>
                ))}
              </td>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
