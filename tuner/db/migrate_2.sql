-- From schema 2 to 3: ties have another rule, so that winners are derived anew.
PRAGMA user_version = 3;
