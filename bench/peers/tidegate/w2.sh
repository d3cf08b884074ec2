. ./common.sh
serve <<R
    { 'ANY /{path...}', backend = 'be' },
R
