// Continues a text with a model that was exported with --format onnx, in Node: node generate.mjs FOLDER "TEXT" [TOKENS]
// npm install @huggingface/transformers
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers';
import path from 'node:path';

const [folder, text, tokens = '64'] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = path.dirname(path.resolve(folder)) + path.sep;
const name = path.basename(folder);

const tokenizer = await AutoTokenizer.from_pretrained(name);
// The folder is laid out for GenAI: the model lies in it, not in a folder "onnx", and has one file whatever its type.
const model = await AutoModelForCausalLM.from_pretrained(name, { subfolder: '', model_file_name: 'model', dtype: 'fp32' });
const inputs = tokenizer(text, { add_special_tokens: false });
const output = await model.generate({ ...inputs, max_new_tokens: Number(tokens), do_sample: false });
const ids = output.tolist()[0].slice(inputs.input_ids.dims[1]).map(Number);
console.log(JSON.stringify(ids));
console.log(tokenizer.decode(ids, { skip_special_tokens: true }));
