# shellcheck shell=bash
# A Slurm of two nodes on this machine, for tests: its own folder, its own ports, its own processes. A third node has a
# partition of its own, for jobs that are to be left alone while others are at work.

pids=()

# cluster_up FOLDER: brings it up and sets SLURM_CONF; needs root, slurm-wlm and munge.
cluster_up() {
  cluster=$1
  local host port
  host=$(hostname -s)
  port=$((16000 + RANDOM % 8000))
  mkdir -p "$cluster"/{munge,state,spool,log}
  chmod 755 "$cluster"
  dd if=/dev/urandom of="$cluster/munge/key" bs=1 count=1024 status=none
  chmod 400 "$cluster/munge/key"
  chown -R munge: "$cluster/munge"
  # With a plain file a job would be given the device but not be told so.
  mknod "$cluster/nvidia0" c 1 3
  printf 'NodeName=n1 Name=gpu File=%s/nvidia0\n' "$cluster" >"$cluster/gres.conf"
  # Older ones know no such plugin, and do without where there are no control groups.
  [[ $(slurmd -V) =~ ^[a-z-]+\ (2[0-2]\.|1) ]] || printf 'CgroupPlugin=disabled\n' >"$cluster/cgroup.conf"
  cat >"$cluster/slurm.conf" <<CONF
ClusterName=distill
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits one second longer than this; the default is two minutes.
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
SlurmctldPort=$port
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool/%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.%n.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
# A node that is silent for so long is down, and what ran there is queued again.
SlurmdTimeout=5
ReturnToService=2
# The nodes may have more CPUs than this machine.
SlurmdParameters=config_overrides
JobRequeue=1
KillWait=3
MinJobAge=300
InactiveLimit=0
JobCompType=jobcomp/filetxt
JobCompLoc=$cluster/log/jobcomp.txt
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4 RealMemory=4000 Gres=gpu:1
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=4 RealMemory=4000
NodeName=n3 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 3)) CPUs=6 RealMemory=4000
PartitionName=batch Nodes=n1,n2 Default=YES MaxTime=60 State=UP
PartitionName=aside Nodes=n3 MaxTime=60 State=UP
CONF
  export SLURM_CONF=$cluster/slurm.conf
  setpriv --reuid=munge --regid=munge --clear-groups munged --foreground --force --key-file="$cluster/munge/key" \
    --socket="$cluster/munge/socket" --pid-file="$cluster/munge/pid" --log-file="$cluster/munge/log" \
    --seed-file="$cluster/munge/seed" >"$cluster/log/munged" 2>&1 &
  pids+=($!)
  await 20 test -S "$cluster/munge/socket"
  slurmctld -D >"$cluster/log/slurmctld" 2>&1 &
  pids+=($!)
  node_up n1
  node_up n2
  node_up n3
  await 30 nodes_are idle
}

# nodes_are STATE: both of the two.
nodes_are() { [[ $(sinfo --noheader --partition=batch --format=%T 2>/dev/null) == "$1" ]]; }

# await SECONDS COMMAND...: until it succeeds; fails when that takes too long.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= deadline)); then
      printf 'in vain waited for: %s\n' "$*" >&2
      tail -n 20 "$cluster"/log/* >&2
      return 1
    fi
    sleep 0.2
  done
}

# node_up NAME: starts the node, or starts it again.
node_up() {
  slurmd -D -N "$1" >"$cluster/log/$1" 2>&1 &
  pids+=($!)
  printf -v "slurmd_$1" %s $!
}

# node_down NAME: the node is gone without a word; what it ran is left behind, as on a machine that only the batch
# system no longer reaches.
node_down() {
  local pid=slurmd_$1
  kill -KILL "${!pid}"
  wait "${!pid}" 2>/dev/null || true
}

# Ends all of it; jobs first, so that nothing is left of them.
cluster_down() {
  local pid
  scancel --user=root 2>/dev/null || true
  for _ in {1..50}; do
    [[ -n $(squeue --noheader 2>/dev/null) ]] || break
    sleep 0.2
  done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
