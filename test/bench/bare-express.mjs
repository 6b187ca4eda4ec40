// The least that express can do with the same request: parse the body, answer 201 with it.
import express from 'express';

const app = express();
app.use(express.json());
app.post('/', (request, response) => response.status(201).json(request.body));
const server = app.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}/`));
