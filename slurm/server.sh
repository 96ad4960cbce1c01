# shellcheck shell=bash
# A model server inside the job, for any stage that asks a model: on this machine only, with a key that only this job knows,
# and gone when the job ends.

# serve STAGE: starts it, comes back once it has answered as the stage will ask, and sends the stage's requests there.
serve() {
  local stage=$1 try model upper=${1^^}
  model=$(setting "$stage" model)
  [[ -n $model ]] || {
    say "error: the settings say no $stage.model"
    return 2
  }
  local -n folder="${stage}_model" own="${stage}_vllm_options"
  local loaded=${folder:-$model}
  # The name of a model on the hub has one slash within it.
  [[ $loaded != /* || -e $loaded ]] || {
    say "error: there is no $loaded on $(uname -n), which ${stage}_model in $site names"
    return 2
  }
  if [[ -n $offline ]]; then export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1; fi
  VLLM_API_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  export VLLM_API_KEY
  server_log=$run/slurm/$stage-vllm-$job.log
  for try in 1 2 3; do
    start_server "$(free_port)"
    if wait_until_it_answers; then
      say "vllm has answered $stage for the first time after $SECONDS s"
      export "ROCQ_DISTILL_${upper}__BASE_URL=$base_url" "ROCQ_DISTILL_${upper}__API_KEY_ENV=VLLM_API_KEY"
      return 0
    fi
    stop_server
    [[ -z $stopping ]] || return "$stopped_early"
    # Between the search for a port and its use, another program may have taken it.
    grep -q 'Address already in use' "$server_log" || break
  done
  tail -n 40 "$server_log"
  say "error: vllm does not answer $stage (try $try); all it said is in $server_log"
  return 1
}

# Of the variables of `serve`.
start_server() {
  local options=()
  base_url=http://127.0.0.1:$1/v1
  say "starting vllm for $loaded on $(n_gpus) GPU(s), port $1"
  # Prompt logprobs take memory for each token of a batch times the vocabulary, which vllm does not plan for: hence small
  # batches and memory left free.
  [[ $stage != score ]] || options=(--max-num-batched-tokens 2048 --gpu-memory-utilization 0.8)
  "${vllm[@]}" serve "$loaded" --served-model-name "$model" --host 127.0.0.1 --port "$1" \
    --tensor-parallel-size "$(n_gpus)" "${options[@]}" "${vllm_options[@]}" "${own[@]}" >"$server_log" 2>&1 &
  server=$!
}

# Its /health is no proof: the first request may compile for minutes, or bring it down. So it is asked what the stage will
# ask: `score` wants logprobs of a prompt, the others an answer in a conversation.
wait_until_it_answers() {
  local deadline=$((SECONDS + vllm_start_limit)) answer path request expected
  if [[ $stage == score ]]; then
    path=completions expected='"prompt_logprobs":[[:space:]]*\[null, ?'
    request='"prompt":"Lemma x : True.","max_tokens":1,"temperature":0,"prompt_logprobs":0'
  else
    path=chat/completions expected='"choices":[[:space:]]*\[[[:space:]]*\{'
    request='"messages":[{"role":"user","content":"Lemma x : True."}],"max_tokens":1'
  fi
  while ((SECONDS < deadline)) && [[ -z $stopping ]] && kill -0 "$server" 2>/dev/null; do
    # The key goes by standard input: everyone on the machine sees arguments.
    answer=$(curl --silent --max-time $((deadline - SECONDS)) --noproxy '*' --header @- \
      --header 'Content-Type: application/json' --data "{\"model\":\"$model\",$request}" "$base_url/$path" \
      <<<"Authorization: Bearer $VLLM_API_KEY") || true
    if [[ $answer =~ $expected ]]; then
      return 0
    fi
    sleep 1
  done
  return 1
}

# Ends it by its process id, with kindness first.
stop_server() {
  local deadline=$((SECONDS + 30))
  kill -TERM "$server" 2>/dev/null || true
  while kill -0 "$server" 2>/dev/null; do
    ((SECONDS < deadline)) || kill -KILL "$server" 2>/dev/null || true
    sleep 0.2
  done
  wait "$server" 2>/dev/null || true
  server=''
}

# The GPUs that the job was given.
n_gpus() {
  local gpus=${CUDA_VISIBLE_DEVICES-}
  if [[ -n $gpus ]]; then
    tr , '\n' <<<"$gpus" | wc -l
  else
    printf '%s\n' "${SLURM_GPUS_ON_NODE:-1}"
  fi
}

# A port that nobody listens on.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  printf '%s\n' "$port"
}
