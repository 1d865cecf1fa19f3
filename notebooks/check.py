"""Whether executed notebooks show what they are to show: no error, tables, and pictures that are none of one colour.

usage: check.py FOLDER
"""
import base64
import io
import json
import pathlib
import sys

import matplotlib.image
import numpy

LEAST_COLOURS = 12
PROBLEMS = []

for file in sorted(pathlib.Path(sys.argv[1]).glob("*.ipynb")):
    tables = pictures = 0
    for number, cell in enumerate(json.loads(file.read_text())["cells"], 1):
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                PROBLEMS.append(f"{file.name}, cell {number}: {output['ename']}: {output['evalue']}")
            data = output.get("data", {})
            tables += "<table" in "".join(data.get("text/html", []))
            if "image/png" in data:
                pictures += 1
                points = matplotlib.image.imread(io.BytesIO(base64.b64decode(data["image/png"])), format="png")
                colours = len(numpy.unique((points[:, :, :3] * 255).astype(numpy.uint32) @ [65536, 256, 1]))
                if colours < LEAST_COLOURS or points.shape[1] < 900:
                    PROBLEMS.append(f"{file.name}, cell {number}: a picture of {colours} colours, {points.shape[1]} wide")
    if not tables or not pictures:
        PROBLEMS.append(f"{file.name}: {tables} tables, {pictures} pictures")
    print(f"{file.stem}: {tables} tables, {pictures} pictures")

for problem in PROBLEMS:
    print("notebooks: " + problem, file=sys.stderr)
sys.exit(bool(PROBLEMS))
