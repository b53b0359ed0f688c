import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `vite build console` writes console/dist; `vite console` serves it for development against a running app.
export default defineConfig(({ command }) => {
  // A build is for production whoever asks for it: jest's NODE_ENV would put React's development build into it.
  if (command === 'build') process.env.NODE_ENV = 'production';
  return {
    root: fileURLToPath(new URL('.', import.meta.url)),
    plugins: [react()],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      // Inlined assets would need data: URLs in the content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_000,
    },
    server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } } },
  };
});
