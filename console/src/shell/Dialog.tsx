import { Drawer, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../text.tsx';
import classes from './shell.module.css';

/**
 * A dialog in the middle, or at the right edge with `side`. Mantine's own would put its title in a second page banner.
 */
export function Dialog(props: {
  opened: boolean;
  onClose: () => void;
  title: string;
  side?: boolean;
  children: ReactNode;
}) {
  const { text } = useText();
  const { opened, onClose } = props;
  const Part = props.side ? Drawer : Modal;
  return (
    <Part.Root
      opened={opened}
      onClose={onClose}
      size="lg"
      classNames={{ content: classes.dialog ?? '' }}
      {...(props.side ? { position: 'right' } : {})}
    >
      <Part.Overlay />
      <Part.Content>
        <div className={classes.dialogHead}>
          <Part.Title className={classes.dialogTitle}>{props.title}</Part.Title>
          <Part.CloseButton aria-label={text.history.close} size="lg" />
        </div>
        <Part.Body>{props.children}</Part.Body>
      </Part.Content>
    </Part.Root>
  );
}
