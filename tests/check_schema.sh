#!/bin/sh
# Migrates an empty SQLite database and fails when the models then differ from it.
set -eu

FUNMAGIC_DATA_DIR=$(mktemp -d)
FUNMAGIC_DATABASE_URL="sqlite:///$FUNMAGIC_DATA_DIR/schema.db"
export FUNMAGIC_DATA_DIR FUNMAGIC_DATABASE_URL
trap 'rm -rf "$FUNMAGIC_DATA_DIR"' EXIT

.venv/bin/python -m funmagic migrate
.venv/bin/alembic check
