// The least that express can do with the same requests: parse the body and answer 201 with it; answer a list of what was given;
// keep watchers and write each one a line.
import express from 'express';

const app = express();
app.use(express.json({ limit: '100mb' }));
let list = {};
const watchers = new Set();
app.post('/', (request, response) => response.status(201).json(request.body));
app.put('/list', (request, response) => {
  list = request.body;
  response.end();
});
app.get('/list', (_request, response) => response.json(list));
app.get('/watch', (_request, response) => {
  response.flushHeaders();
  watchers.add(response);
  response.on('close', () => watchers.delete(response));
});
app.post('/event', (request, response) => {
  response.end();
  const line = `${JSON.stringify(request.body)}\n`;
  for (const watcher of watchers) watcher.write(line);
});
const server = app.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
