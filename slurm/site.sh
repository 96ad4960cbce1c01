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
# The flake is built once, before the chain is handed in (submit says how); the nodes must see the same Nix store.
flake=.

# What each job does first, such as `module load apptainer` or PATH=$HOME/bin:$PATH.
prepare_job() { :; }

# Shards of `extract` and `verify`: a few for each node, so that the last one is not waited for long. At most 1,000 by
# Slurm's own default. Their number may change between runs.
shards=32
# The same for the stages that ask models; with a server in the job, each task has its own.
reason_shards=1
score_shards=1
judge_shards=1
# How many tasks of an array run at once; empty: as many as the partition lets.
at_once=

# A folder on each node's own disk for what provers write while they work. It is emptied when the job ends.
scratch=${TMPDIR:-/tmp}

# How often a task whose time is over is queued again.
max_restarts=20
# Seconds in which a file written on one machine is visible on all others.
visible_after=60

# A file with lines like OPENAI_API_KEY=…, readable by you alone, for the stages whose model is not served in the job.
keys_file=

# The stages whose model a server in their job has, on the job's GPUs, such as (reason score judge). They need no base_url.
served=(score)
# The program that serves, such as (apptainer exec --nv "$HOME/vllm.sif" vllm).
vllm=(vllm)
# What it loads for each, a folder or a name on the hub; empty: what the program's settings say (score.model), which is
# also the name that goes into the records.
reason_model=
score_model=
judge_model=
# Not empty: nothing is asked of the hub (HF_HUB_OFFLINE). For nodes without a way out, with a folder above, or with
# HF_HOME in prepare_job, where the models were downloaded before.
offline=
# Further options of `vllm serve`, such as --max-model-len 16384: for all, and for each.
vllm_options=()
reason_vllm_options=() # such as --reasoning-parser deepseek_r1
score_vllm_options=()
judge_vllm_options=()
# Seconds until a model must have answered for the first time.
vllm_start_limit=1800

# Options of sbatch; they win over those in the scripts. First those of all jobs, such as --account=…
options=()
extract_options=()
verify_options=()
prepare_options=()
reason_options=() # a partition with a way out to the network, or GPUs where its model is served
score_options=(--gres=gpu:1)
judge_options=() # as for reason
export_options=()
