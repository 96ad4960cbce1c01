# shellcheck shell=bash
# What the jobs share. Each begins with: begin "$@"
#
# The batch system sends SIGUSR1 to the script some time before the job's time is over. The program is told, finishes
# what is at work and ends with 75, or with 76 if that and all before took too long to be finished; the script then
# queues its own job again, after a 76 only once. Node failures are requeued by Slurm itself. All other ends are for a
# person to look at: nothing is tried again that failed for a reason of its own.

stopped_early=75
stopped_in_vain=76
locked=4
incomplete=3

say() { printf '%s %s\n' "$(date '+%F %T')" "$*"; }

# begin LIBRARY SITE RUN CONFIG SHARDS: what `submit` hands to each batch script.
begin() {
  site=$2 run=$3 config=$4 shards_in_all=$5
  # shellcheck source=slurm/site.sh
  source "$site"
  local words=("$1/submit" --site "$site") command
  [[ $config == - ]] || words+=(--config "$config")
  printf -v resume '%q ' "${words[@]}" --resume
  resume+=$(printf %q "$run")
  job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
  job=${job:-$SLURM_JOB_ID}
  child='' stopping='' server=''
  trap 'stop_child USR1' USR1
  trap 'stop_child TERM' TERM INT
  trap finish EXIT
  say "job $job on $(uname -n), restart ${SLURM_RESTART_COUNT:-0}"
  # No request to this machine goes through a proxy.
  export no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy} NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}
  prepare_job
  mkdir -p -- "$scratch"
  TMPDIR=$(mktemp -d -- "$scratch/rocq-distill-$job-XXXXXX")
  export TMPDIR ROCQ_DISTILL_OUTPUT=$run ROCQ_DISTILL_JOBS=${SLURM_CPUS_PER_TASK:-1}
  command_line
  on_path "${command[0]}"
}

# on_path PROGRAM: whether it can be started here; says what to do if not.
on_path() {
  type -P "$1" >/dev/null || {
    say "error: there is no $1 on $(uname -n), which program=$program in $site needs: name it there, or" \
      "put it on PATH in prepare_job" >&2
    return 2
  }
}

# The command that starts the program, in the array `command`.
command_line() {
  case $program in
  binary) command=("$binary") ;;
  container)
    # Whether home and this folder are bound as well is for the site to say.
    local folders=("$run" "${binds[@]}") folder
    [[ $config == - ]] || folders+=("${config%/*}")
    [[ -z ${TMPDIR-} ]] || folders+=("$TMPDIR")
    command=("$apptainer" exec)
    for folder in "${folders[@]}"; do command+=(--bind "$folder"); done
    command+=("$image" rocq-distill)
    ;;
  nix) command=("$run/slurm/program/bin/rocq-distill") ;;
  *)
    say "error: program=$program in the site file is none of binary, container, nix" >&2
    return 2
    ;;
  esac
  [[ $config == - ]] || command+=(--config "$config")
}

# distill VERB [ARGUMENT...]: runs the program and passes signals on to it; its exit code is that of the program.
distill() {
  local code=0 command
  command_line
  [[ -z $stopping ]] || return "$stopped_early"
  "${command[@]}" "$@" &
  child=$!
  # A signal ends the waiting and not the program.
  while kill -0 $child 2>/dev/null; do wait $child || true; done
  wait $child || code=$?
  child=''
  # It was ended before it listened or before it was done; where signals follow each other, the shell may not even know
  # how (-1). Once it was told to stop, all of that is a stop.
  if [[ -n $stopping ]] && ((code < 0 || code > 128)); then code=$stopped_early; fi
  return $code
}

# make_stage VERB: makes the part of the stage that this task of an array is, or all of it.
make_stage() {
  local lock=0-of-1 shard=()
  if [[ -n ${SLURM_ARRAY_TASK_ID-} ]]; then
    lock=$SLURM_ARRAY_TASK_ID-of-$shards_in_all
    shard=(--shard "$SLURM_ARRAY_TASK_ID/$shards_in_all")
  fi
  free_lock "$run/$1/.lock-$lock"
  distill "$1" "${shard[@]}"
}

# make_by_model VERB: the same for a stage that asks a model, at a server in this job where the site says so.
make_by_model() {
  if is_served "$1"; then serve "$1"; else read_keys; fi
  make_stage "$1"
}

# is_served STAGE: whether the site has the stage's model served in the job.
is_served() { [[ " ${served[*]} " == *" $1 "* ]]; }

# Where a stage's model is served in its job, the settings need not say an address, and one stands in for it here.
name_served_stages() {
  local stage
  for stage in "${served[@]}"; do
    [[ -z $(setting "$stage" model) ]] || export "ROCQ_DISTILL_${stage^^}__BASE_URL=http://127.0.0.1/v1"
  done
}

# Keys come from a file of yours and not from the shell that submits, whose environment Slurm writes down.
read_keys() {
  [[ -n $keys_file ]] || return 0
  set -a
  # shellcheck source=/dev/null
  source "$keys_file"
  set +a
}

# setting TABLE KEY: what the program's settings say; nothing if they do not.
setting() {
  local command
  command_line
  "${command[@]}" run --show-settings | sed -n "/^\[$1\]/,/^\[/s/^$2 = \"\(.*\)\"\$/\1/p"
}

# The last stage before the export that the settings ask for.
last_stage() {
  local command
  name_served_stages
  command_line
  # 3 says that something is missing.
  { "${command[@]}" status "$run" --shards 1 || (($? == incomplete)); } | tail -n 2 | sed 's/ .*//;q'
}

# need VERB: goes on once the stage is whole, for which its manifest stands.
#
# The tasks of an array finish on several machines, and each may see the files of the others late: then none of them
# writes the manifest, and it is made up for here.
need() {
  local manifest=$run/$1/manifest.json deadline=$((SECONDS + visible_after)) command
  until [[ -e $manifest ]]; do
    command_line
    "${command[@]}" status --write "$run" >"$TMPDIR/status" || true
    [[ ! -e $manifest ]] || break
    if ((SECONDS >= deadline)); then
      cat "$TMPDIR/status"
      say "error: $1 is not complete; this makes what is missing: $resume"
      return "$incomplete"
    fi
    sleep 5
  done
}

# free_lock FILE: removes a lock whose holder is gone with its machine, so that nobody can ask the machine.
#
# Only Slurm knows that: the file says which job holds it, and either that is this very job, of which Slurm never runs
# two, or Slurm no longer runs it. A holder that lives on, cut off from Slurm, finds its lock replaced and stops.
free_lock() {
  local holder
  [[ -e $1 ]] || return 0
  # Most often it is free, or will be as soon as a killed process is gone.
  ! flock --wait "${lock_patience:-30}" "$1" true || return 0
  holder=$(sed -n 's/.*, Slurm job \([0-9_]*\)$/\1/p' "$1")
  [[ -n $holder ]] || return 0
  if [[ $holder == "$job" ]] || is_over "$holder"; then
    say "removing the lock of job $holder, which runs no more: $(<"$1")"
    rm -f -- "$1"
    sleep "$visible_after" # until it has noticed
  fi
}

# is_over JOB: Slurm says that it is not running; no answer is no.
is_over() {
  local answer
  if answer=$(squeue --noheader --jobs="$1" --format=%T 2>&1); then
    [[ $answer != *RUNNING* && $answer != *COMPLETING* && $answer != *SUSPENDED* && $answer != *STOPPED* ]]
  else
    [[ $answer == *'Invalid job id'* ]]
  fi
}

stop_child() {
  [[ $1 != USR1 ]] || stopping=yes
  [[ -z $child ]] || kill -"$1" "$child" 2>/dev/null || true
}

# The end of every job, however it comes about.
finish() {
  local code=$?
  trap '' USR1 TERM INT
  [[ -z $server ]] || stop_server
  local cpu=''
  if [[ -n ${TMPDIR-} ]]; then
    times >"$TMPDIR/times"
    cpu=$(tail -n 1 "$TMPDIR/times")
    rm -rf -- "$TMPDIR"
  fi
  case $code in
  "$stopped_early" | "$stopped_in_vain" | "$locked") again "$code" ;;
  esac
  say "job $job ends with $code after $SECONDS s; CPU time (user, system): $cpu"
  exit "$code"
}

# again CODE: queues this job, which ended so, again. Its own number would name the whole array where this is the
# array's last task.
again() {
  local restarts=${SLURM_RESTART_COUNT:-0} now
  now=$(scontrol --oneliner show job "$job" | sed -n 's/.* Restarts=\([0-9]*\).*/\1/p')
  if [[ $now != "$restarts" ]]; then
    say "Slurm has given this job up and started it anew elsewhere: nothing to do here"
    return 0
  fi
  # The first time it may have waited for others, or been told too soon.
  if (($1 == stopped_in_vain && restarts > 0)); then
    say "error: queued again, it has finished no file and got no answer in all its time: raise --time in" \
      "${SLURM_JOB_NAME}_options of $site; this goes on then: $resume"
  elif ((restarts >= max_restarts)); then
    say "queued again $restarts times already and still not done: raise --time in ${SLURM_JOB_NAME}_options of $site;" \
      "this goes on then: $resume"
  elif ! scontrol requeue "$job"; then
    say "this job cannot be queued again from here; this goes on: $resume"
  fi
}
