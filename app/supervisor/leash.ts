// Loaded into every child by `--import`: when the supervisor is gone, even by kill -9, its end of this channel closes
// and the child stops as if asked to, instead of holding ports and data for nobody.
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
