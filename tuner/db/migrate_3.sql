-- From schema 3 to 4: ties have another rule, so that winners are derived anew.
PRAGMA user_version = 4;
