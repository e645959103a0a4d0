# Does not end when it is asked to, and nor does its child: only KILL ends them. Both write down that they were asked.
trap 'echo parent >>asked' TERM
sh -c 'trap "echo child >>asked" TERM; echo $$ >>pids; while :; do sleep 0.05; done' &
echo $$ >>pids
while :; do sleep 0.05; done
