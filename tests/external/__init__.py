"""Other people's checkers and readers, run on a release of ours; `.ci/external.sh` installs what they need."""
