# shellcheck shell=bash
# A model server inside the job: on this machine only, with a key that only this job knows, and gone when the job ends.

# serve: starts it and comes back once it has scored something; sets `base_url` and exports VLLM_API_KEY.
serve() {
  local try
  model=$(setting score model)
  [[ -n $model ]] || {
    say 'error: the settings say no score.model'
    return 2
  }
  VLLM_API_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  export VLLM_API_KEY
  server_log=$run/slurm/vllm-$job.log
  for try in 1 2 3; do
    start_server "$(free_port)"
    if wait_until_it_scores; then
      say "vllm has scored for the first time after $SECONDS s"
      return 0
    fi
    stop_server
    [[ -z $stopping ]] || return "$stopped_early"
    # Between the search for a port and its use, another program may have taken it.
    grep -q 'Address already in use' "$server_log" || break
  done
  tail -n 40 "$server_log"
  say "error: vllm does not score (try $try); all it said is in $server_log"
  return 1
}

start_server() {
  base_url=http://127.0.0.1:$1/v1
  say "starting vllm for ${score_model:-$model} on $(n_gpus) GPU(s), port $1"
  # Prompt logprobs take memory for each token of a batch times the vocabulary, which vllm does not plan for: hence the
  # small batches and the memory left free.
  "${vllm[@]}" serve "${score_model:-$model}" --served-model-name "$model" --host 127.0.0.1 --port "$1" \
    --tensor-parallel-size "$(n_gpus)" --max-num-batched-tokens 2048 --gpu-memory-utilization 0.8 \
    "${vllm_options[@]}" >"$server_log" 2>&1 &
  server=$!
}

# Its /health is no proof that it can score: the first request may compile for minutes, or bring it down.
wait_until_it_scores() {
  local deadline=$((SECONDS + vllm_start_limit)) answer
  local request='{"model":"'$model'","prompt":"Lemma x : True.","max_tokens":1,"temperature":0,"prompt_logprobs":0}'
  while ((SECONDS < deadline)) && [[ -z $stopping ]] && kill -0 "$server" 2>/dev/null; do
    # The key goes by standard input: everyone on the machine sees arguments.
    answer=$(curl --silent --max-time $((deadline - SECONDS)) --noproxy '*' --header @- \
      --header 'Content-Type: application/json' --data "$request" "$base_url/completions" \
      <<<"Authorization: Bearer $VLLM_API_KEY") || true
    if [[ $answer =~ \"prompt_logprobs\":[[:space:]]*\[null, ]]; then
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
