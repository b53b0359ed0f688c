import { Modal } from '@mantine/core';
import { useText } from '../text.tsx';
import classes from './shell.module.css';

export function Key(props: { children: string }) {
  return <kbd className={classes.key}>{props.children}</kbd>;
}

export function Help(props: { opened: boolean; onClose: () => void }) {
  const { text } = useText();
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
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={text.keys.title}
      closeButtonProps={{ 'aria-label': text.history.close }}
    >
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
    </Modal>
  );
}
