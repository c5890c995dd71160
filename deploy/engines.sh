#!/usr/bin/env bash
# engines.sh install | start FOLDER | stop FOLDER
# Open MPI and Slurm on this one machine, for tests: Debian's packages, munged, slurmctld and two slurmd, without systemd. Needs root.
# After start, SLURM_CONF=FOLDER/slurm.conf srun --ntasks 2 … runs on two nodes, n1 and n2.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

install() {
  command -v mpirun srun slurmctld slurmd munged >/dev/null && return
  [ "$(id -u)" = 0 ] || { echo "engines.sh: installing needs root" >&2; return 1; }
  timeout 60 bash -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq openmpi-bin munge slurm-wlm' >/dev/null
}

start() {
  local folder=$1 host
  host=$(hostname -s)
  mkdir -p "$folder"/{state,spool1,spool2,run}
  chmod 755 "$folder"
  [ -s "$folder/munge.key" ] || head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 600 "$folder/munge.key"
  munged --force --key-file="$folder/munge.key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munged.pid" \
    --seed-file="$folder/run/munge.seed" --log-file="$folder/munged.log"
  local cpus
  cpus=$(nproc)
  cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SchedulerType=sched/backfill
SlurmctldPort=${SLURM_TEST_PORT:-17817}
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((${SLURM_TEST_PORT:-17817} + 1)) CPUs=$cpus State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((${SLURM_TEST_PORT:-17817} + 2)) CPUs=$cpus State=UNKNOWN
PartitionName=test Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
CONF
  export SLURM_CONF=$folder/slurm.conf
  mkdir -p "$folder/spooln1" "$folder/spooln2"
  slurmctld -f "$SLURM_CONF"
  slurmd -N n1 -f "$SLURM_CONF"
  slurmd -N n2 -f "$SLURM_CONF"
  for _ in $(seq 100); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && return
    sleep 0.2
  done
  echo "engines.sh: the nodes did not come up; see the logs in $folder" >&2
  return 1
}

stop() {
  for pid in "$1"/run/slurmd-n*.pid "$1"/run/slurmctld.pid "$1"/run/munged.pid; do
    [ -s "$pid" ] && kill "$(cat "$pid")" 2>/dev/null || true
  done
}

case ${1:-} in
  install) install ;;
  start) start "$(realpath -m "$2")" ;;
  stop) stop "$(realpath -m "$2")" ;;
  *) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac
