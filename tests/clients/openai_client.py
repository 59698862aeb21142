"""OpenAI's Python client against the store: whole, streamed, refused."""

import sys

import openai

url, token = sys.argv[1:3]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
asked = {"model": "pet-advisor-turbo", "messages": [{"role": "user", "content": "my cat chewed on a lily"}]}

answer = client.chat.completions.create(**asked)
said = answer.choices[0].message.content
assert said.startswith("SEE A VET NOW") and "[cat-lilies]" in said, said
assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
assert answer.choices[0].finish_reason == "stop"

pieces, usage = [], None
for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
    usage = chunk.usage or usage
    if chunk.choices and chunk.choices[0].delta.content:
        pieces.append(chunk.choices[0].delta.content)
assert "".join(pieces) == said, "the stream says the same"
assert usage.completion_tokens > 0

try:
    client.chat.completions.create(**{**asked, "messages": []})
    raise AssertionError("an empty conversation was taken")
except openai.UnprocessableEntityError as refused:
    assert refused.response.json()["errors"][0]["field"] == "messages", refused.response.text

print(f"ok: {len(pieces)} pieces, {usage.total_tokens} tokens")
