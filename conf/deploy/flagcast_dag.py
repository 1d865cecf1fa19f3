"""Flagcast under Airflow 2.4 and newer: one task a day, whose as-of is the end of the data interval.

What is published is not done again: a task that is cleared and run once more says "nothing to do" and succeeds.
"""

import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

TRY_AGAIN_LATER = 75

COMMAND = [
    "spark-submit",
    "--packages", "io.delta:delta-spark_4.1_2.13:4.4.0,org.apache.hadoop:hadoop-aws:3.4.2",
    "--class", "io.flagcast.jobs.Main",
    "/opt/flagcast/lib/flagcast.jar",
]


def flagcast(*arguments):
    """Runs a command; only what another try can mend is tried again."""
    code = subprocess.run([*COMMAND, *arguments, "--conf", "/etc/flagcast/flagcast.conf"]).returncode
    if code == TRY_AGAIN_LATER:
        raise AirflowException("try again later: another process is on the lake, or a store does not answer")
    if code != 0:
        raise AirflowFailException(f"flagcast {arguments[0]} ended with {code}: see its last lines above")


@dag(
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1),
    # A day that is missed is made up for in its order, one at a time: rules and bandits learn from the day before.
    catchup=True,
    max_active_runs=1,
    default_args={
        "retries": 6,
        "retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=4),
    },
)
def flagcast_daily():
    @task
    def run(data_interval_end=None):
        flagcast("run", "--as-of", data_interval_end.in_timezone("UTC").strftime("%Y-%m-%d"))

    @task
    def published():
        flagcast("status", "--max-age", "26h")

    run() >> published()


flagcast_daily()
