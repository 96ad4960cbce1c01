"""Makes a random model of a million parameters with a tokenizer shaped like R1's, for a real server to serve.

Usage: tiny_model.py FOLDER TEXT...    (the tokenizer is trained on the text files)
"""

import pathlib
import sys

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
THINK, END_OF_THINK = "<think>", "</think>"
ADDED = [BOS, EOS, USER, ASSISTANT, THINK, END_OF_THINK]
VOCABULARY = 3072

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}" + ASSISTANT + "{{ message['content'] }}{{ eos_token }}"
    "{% elif message['role'] == 'user' %}" + USER + "{{ message['content'] }}"
    "{% else %}{{ message['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}" + ASSISTANT + THINK + "\n{% endif %}"
)


def tokenizer(texts):
    """Byte-level BPE in the manner of R1's, with its markers as tokens of their own."""
    tokenizer = Tokenizer(models.BPE())
    # The server normalises for this architecture whatever the file says; saying so makes every reader agree.
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(ADDED),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in ADDED[:4]])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in ADDED[4:]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def main():
    folder = pathlib.Path(sys.argv[1])
    texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[2:]]
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(texts), bos_token=BOS, eos_token=EOS, pad_token=EOS, chat_template=CHAT_TEMPLATE
    )
    fast.save_pretrained(folder)
    torch.manual_seed(20)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        # A head size of 32: the CPU's attention refuses smaller ones, and says so only at the first request.
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=16384,
        bos_token_id=fast.convert_tokens_to_ids(BOS),
        eos_token_id=fast.convert_tokens_to_ids(EOS),
        # Random weights this wide give probabilities that differ from token to token.
        initializer_range=0.2,
        tie_word_embeddings=False,
        torch_dtype="float32",
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)


main()
