# shellcheck shell=bash disable=SC2034
# What only your site knows. Copy this file, fill it in, and pass it on: slurm/submit --site FILE.

# How the program is started: "binary", "container" (Apptainer) or "nix".
program=binary
binary=rocq-distill
apptainer=apptainer
image=$HOME/rocq-distill.sif
# What the program must see from inside the container besides the run directory, the settings' folder and the scratch
# folder, such as the folder of a library that is not in the image.
binds=()
# The flake is built once, by submit; the nodes must see the same Nix store.
flake=.

# What each job does first, such as `module load apptainer` or PATH=$HOME/bin:$PATH.
prepare_job() { :; }

# Shards of `extract` and `verify`: a few for each node, so that the last one is not waited for long. At most 1,000 by
# Slurm's own default. Their number may change between runs.
shards=32
# How many of them run at once; empty: as many as the partition lets.
at_once=

# A folder on each node's own disk for what provers write while they work. It is emptied when the job ends.
scratch=${TMPDIR:-/tmp}

# How often a task whose time is over is queued again.
max_restarts=20
# Seconds in which a file written on one machine is visible on all others.
visible_after=60

# A file with lines like OPENAI_API_KEY=…, readable by you alone; reason and judge read it.
keys_file=
# The program that serves the smaller model on the node's GPUs, such as (apptainer exec --nv "$HOME/vllm.sif" vllm).
vllm=(vllm)
# What it loads, a folder or a name on the hub; empty: what score.model in the program's settings says, which is also the
# name that goes into the records. The job puts its own server in the place of score.base_url.
score_model=
# Further options of `vllm serve`, such as --max-model-len 16384.
vllm_options=()
# Seconds until the model must have scored something for the first time.
vllm_start_limit=1800

# Options of sbatch; they win over those in the scripts. First those of all jobs, such as --account=…
options=()
extract_options=()
verify_options=()
prepare_options=()
reason_options=() # a partition with a way out to the network
score_options=(--gres=gpu:1)
judge_options=() # a partition with a way out to the network
export_options=()
