// Loaded into every child by `--import`: when the supervisor is gone, even by kill -9, its end of this channel closes
// and the child stops as if asked to, instead of holding ports and data for nobody.
const mostDrainMs = 60_000;

if (process.channel) {
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), mostDrainMs).unref();
  });
  process.channel.unref();
  // With it went the readers of our output: draining must not fail for want of somebody to tell.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
