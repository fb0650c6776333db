"""Answers queries by Spark, whose catalog `glue` is that of Iceberg's Glue client: a JSON line with SQL in, one with rows or an error out."""
import json
import os
import sys

# What Spark and its JVM print belongs to the log; answers have the way out for themselves.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from pyspark.sql import SparkSession  # noqa: E402

endpoint = os.environ["AWS_ENDPOINT_URL"]
catalog = "spark.sql.catalog.glue"
settings = {
    "spark.jars": sys.argv[1],
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.warehouse.dir": os.path.join(os.getcwd(), "warehouse"),
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    catalog: "org.apache.iceberg.spark.SparkCatalog",
    f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    f"{catalog}.warehouse": "s3://nothing-is-written/",
    f"{catalog}.glue.endpoint": endpoint,
    f"{catalog}.client.region": os.environ["AWS_REGION"],
    f"{catalog}.s3.endpoint": endpoint,
    f"{catalog}.s3.path-style-access": "true",
    # A query sees what Glue names when it begins.
    f"{catalog}.cache-enabled": "false",
}
builder = SparkSession.builder.appName("reader")
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
for line in sys.stdin:
    try:
        answer = {"rows": [list(row) for row in spark.sql(json.loads(line)).collect()]}
        text = json.dumps(answer, default=str)
    except Exception as error:
        text = json.dumps({"error": str(error)[:2000]})
    print(text, file=answers, flush=True)
spark.stop()
