"""A Slurm of two nodes on this machine, for tests: nh1 and nh2 with 4 CPUs each.

hosts.enter() has to be called before: processes and files are gone with the test's namespaces.
"""
import os
import shutil
import signal
import subprocess
import time

from hosts import FOLDER, Hosts, run
from nntrain_test import HANG, ranks_among, skip

CONFIGURATION = """
ClusterName=nn
SlurmctldHost=hub(10.77.0.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/sock,cred_expire=5
CredType=cred/munge
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
TmpFS={folder}/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=60
KillWait=10
JobRequeue=1
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
NodeName=nh[1-2] NodeAddr=10.77.0.[1-2] CPUs=4 RealMemory=1000 State=UNKNOWN
PartitionName=lo Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE GraceTime=30 State=UP
PartitionName=hi Nodes=ALL MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF State=UP
"""
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue")


def wait_for(condition, what):
    """Polls; the condition's first true value, or a failure that names what was awaited."""
    until = time.monotonic() + HANG
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"in vain: {what() if callable(what) else what}")
        time.sleep(0.1)


class Cluster:
    """Started when made; its controller is on the test's own host."""

    def __init__(self):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        for tool in TOOLS:
            if shutil.which(tool) is None:
                skip(f"{tool} is missing; scripts/install_dependencies.sh --tests installs Slurm")
        self.hosts = Hosts(2)
        self.nodes = self.hosts.names
        for name in ("munge", "log", "state", *(f"{kind}/{node}" for node in self.nodes
                                                for kind in ("spool", "tmp"))):
            (FOLDER / name).mkdir(parents=True)
        self.slurmd = {}
        self.start_munge()
        file = FOLDER / "slurm.conf"
        file.write_text(CONFIGURATION.format(folder=FOLDER))
        os.environ["SLURM_CONF"] = str(file)
        self.controller = subprocess.Popen(["slurmctld", "-D", "-c"], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
        for node in self.nodes:
            self.start_node(node)
        wait_for(lambda: self.state_of_nodes() == ["idle", "idle"], self.logs)

    def stop(self):
        for process in (*self.slurmd.values(), self.controller):
            process.terminate()
            process.wait()

    def start_munge(self):
        folder = FOLDER / "munge"
        folder.chmod(0o711)
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        run("munged", "--force", f"--socket={folder}/sock", f"--key-file={key}",
            f"--pid-file={folder}/pid", f"--log-file={folder}/log", f"--seed-file={folder}/seed")

    def start_node(self, node):
        self.slurmd[node] = subprocess.Popen(
            self.hosts.words(node, "slurmd", "-D", "-N", node),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_node(self, node):
        """As if its power were cut: no process of the node says goodbye. Slurm learns of it."""
        self.hosts.end(node)
        self.slurmd[node].wait()
        run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")

    def kill_rank(self, node, number=signal.SIGKILL):
        """A signal to one of the program's processes on a node."""
        os.kill(max(ranks_among(self.hosts.processes(node)).items())[1], number)

    def mend_node(self, node):
        """The node is back, with empty disks."""
        for kind in ("spool", "tmp"):
            shutil.rmtree(FOLDER / kind / node)
            (FOLDER / kind / node).mkdir()
        self.start_node(node)
        run("scontrol", "update", f"nodename={node}", "state=resume")

    @staticmethod
    def state_of_nodes():
        done = subprocess.run(["sinfo", "-h", "-p", "lo", "-N", "-o", "%T"], capture_output=True,
                              text=True, check=False)
        return done.stdout.split()

    @staticmethod
    def submit(*words, folder):
        """sbatch; the job's number."""
        return run("sbatch", "--parsable", f"--chdir={folder}", *words).strip().split(";")[0]

    @staticmethod
    def job(number):
        """What scontrol knows of a job, name to text."""
        said = run("scontrol", "--oneliner", "show", "job", number)
        return dict(word.split("=", 1) for word in said.splitlines()[0].split() if "=" in word)

    @staticmethod
    def is_there(number):
        """Whether the job waits, runs or is being ended."""
        done = subprocess.run(["squeue", "-h", "-j", number], capture_output=True, text=True,
                              check=False)
        return bool(done.stdout.strip())

    def wait_for_state(self, number, *states):
        return wait_for(lambda: self.job(number)["JobState"] in states and self.job(number),
                        lambda: f"{states}\n{self.job(number)}\n{self.logs()}")

    def wait_for_requeue(self, number):
        """Until the job is back in the queue, and nothing of it runs; the job."""
        job = self.wait_for_state(number, "PENDING")
        plain = job["JobId"]  # of an array's job, too
        wait_for(lambda: not list(FOLDER.glob(f"spool/*/stepd.slurm.pmix.{plain}.*")),
                 "the end of the steps")
        return job

    @staticmethod
    def hurry(number):
        """A requeued job starts now, not after the two minutes that Slurm lets it wait."""
        time.sleep(1.1)  # else its credential is of the second in which the old one was revoked
        run("scontrol", "update", f"jobid={number}", "StartTime=now")

    def logs(self):
        """The ends of Slurm's logs."""
        texts = []
        for file in sorted((FOLDER / "log").iterdir()):
            lines = file.read_text(errors="replace").splitlines()[-25:]
            texts.append("\n".join([f"-- {file.name}", *lines]))
        return "\n".join(texts)
