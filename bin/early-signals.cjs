// Loaded before the daemon itself: a signal that comes while it starts must not end it (log rotation, an early reload: the
// configuration is being read anyway). The daemon's own handlers are added to these.
for (const signal of ['SIGUSR1', 'SIGHUP']) process.on(signal, () => {});
