import { expect, test } from '@jest/globals';
import { multipart } from './multipart.ts';

test('each part stands between the boundary that the Content-Type names', () => {
  const { contentType, text } = multipart([
    { contentType: 'application/sdp', text: 'v=0\r\ns=-\r\n' },
    { contentType: 'application/pidf+xml', contentId: 'a@b', text: '<presence/>' },
  ]);
  const boundary = /^multipart\/mixed;boundary="([^"]+)"$/.exec(contentType)?.[1];
  expect(text).toBe(
    `--${boundary}\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n` +
      `--${boundary}\r\nContent-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<presence/>\r\n--${boundary}--\r\n`,
  );
});
