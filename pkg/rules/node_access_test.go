// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// privilegedCommand judges a pod whose one container has every right on the node and its root at /host.
func privilegedCommand(t *testing.T, words ...string) []policy.Finding {
	t.Helper()
	return commandWithRoot(t, true, words)
}

// commandWithRoot judges a pod whose one container is privileged and has the node's root at /host.
func commandWithRoot(t *testing.T, hostPID bool, words []string) []policy.Finding {
	t.Helper()
	command, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	in := managedInput(t, object.Pods, policy.Create, "", `{"metadata":{"name":"x"},"spec":{"hostPID":`+strconv.FormatBool(hostPID)+`,
		"volumes":[{"name":"root","hostPath":{"path":"//"}}],
		"containers":[{"name":"c","command":`+string(command)+`,"env":[{"name":"ROOT","value":"/host"}],
		"securityContext":{"privileged":true},"volumeMounts":[{"name":"root","mountPath":"/host/"}]}]}}`)
	in.NamespaceName, in.Namespace = "shop", nil
	return checkNodeAccess(in)
}

func TestNodeAccessCommands(t *testing.T) {
	const shell, wait, run = "must not open", "must not only wait", "must be debugged"
	for line, want := range map[string]string{
		"nsenter -t 1 -m":                          shell,
		"nsenter -t1 -a -- bash":                   shell,
		"nsenter --target=1 -a bash -l":            shell,
		"/usr/bin/nsenter --target 1 -S 0 -m sh":   shell,
		"nsenter -m/proc/1/ns/mnt -- su -":         shell,
		"nsenter --mount=/host/proc/1/ns/mnt sh":   shell,
		"tini -- nsenter -t 1 -m bash":             shell,
		"chroot /host":                             shell,
		"chroot --userspec=0 /host/ bash -i":       shell,
		"chroot /proc/1/root sh":                   shell,
		"nsenter -t 1 -m chroot /host bash":        shell,
		"nsenter -t 1 -m chroot /proc/1/root bash": shell,
		"bash":                                    shell,
		"sh -il":                                  shell,
		"sleep 1d":                                wait,
		"tail -f /dev/null":                       wait,
		"chroot /host sleep infinity":             wait,
		"nsenter -t 1 -m -- sysctl -w a=b":        run,
		"nsenter -t 1 -m bash -c reboot":          run,
		"nsenter -t 1 -m bash /run.sh":            run,
		"chroot /host su -c reboot":               run,
		"chroot /host /usr/bin/apt-get install x": run,
		"nsenter":                                 "",
		"nsenter -m bash":                         "",
		"nsenter -t 10 -m bash":                   "",
		"nsenter -S 1 bash":                       "",
		"nsenter -t":                              "",
		"chroot":                                  "",
		"chroot /hosts bash":                      "",
		"chroot /host/var bash":                   "",
		"bash /run.sh":                            "",
		"sleeper 1d":                              "",
		"tail -f /var/log/x":                      "",
		"/agent --run=nsenter":                    "",
		"kured --reboot-command=/bin/systemctl reboot": "",
		"powershell.exe -Command Start-Sleep":          wait,
		"powershell.exe -Command Start-Sleep;/agent":   "",
		"pwsh.exe": shell,
	} {
		checkCommand(t, line, want, strings.Fields(line))
	}
	for script, want := range map[string]string{
		"sleep infinity":                           wait,
		"trap 'exit 0' TERM; sleep 9999 & wait":    wait,
		"while true; do sleep 30; done":            wait,
		"exec sleep infinity":                      wait,
		"echo ready; exec tail -f /dev/null":       wait,
		"nsenter -t 1 -m -- systemctl restart x":   run,
		"a; chroot $ROOT bash <<E\nb\nE":           run,
		"chroot /host bash < /run.sh":              run,
		"cat x | nsenter -t 1 -m sh":               run,
		"set -e\nif a; then nsenter -t 1 -m b; fi": run,
		"sh -c 'chroot /host b'":                   run,
		"/agent; sleep infinity":                   "",
		"true":                                     "",
		"echo nsenter -t 1 -m bash":                "",
		"nsenter -t $PID -m bash":                  "",
		"chroot $OTHER bash":                       "",
		"chroot /host$OTHER bash":                  "",
		"# chroot /host":                           "",
		"if (":                                     "",
	} {
		checkCommand(t, script, want, []string{"/bin/sh", "-c", script})
	}
}

func checkCommand(t *testing.T, line, want string, words []string) {
	t.Helper()
	got := privilegedCommand(t, words...)
	switch {
	case want == "" && len(got) > 0, want != "" && (len(got) != 1 || !strings.HasPrefix(got[0].Message, want)):
		t.Errorf("%q: findings %v; want %q", line, summary(got), want)
	case want == "must be debugged" && got[0].AtMost != policy.Audit:
		t.Errorf("%q: at most %s; want Audit", line, got[0].AtMost)
	}
}

// Without the node's processes, process 1 is the container's own.
func TestNodeAccessWithoutProcesses(t *testing.T) {
	for line, want := range map[string]int{
		"nsenter -t 1 -m bash":                   0,
		"nsenter --mount=/host/proc/1/ns/mnt sh": 1,
		"chroot /proc/1/root bash":               0,
		"chroot /host bash":                      1,
	} {
		if got := commandWithRoot(t, false, strings.Fields(line)); len(got) != want {
			t.Errorf("%q: findings %v; want %d", line, summary(got), want)
		}
	}
}

// Signing in is allowed: no configuration may turn this rule into a refusal.
func TestNodeAccessNeverRefuses(t *testing.T) {
	for _, words := range [][]string{{"bash"}, {"sleep", "1"}, {"nsenter", "-t", "1", "a"}} {
		for _, f := range privilegedCommand(t, words...) {
			if f.AtMost != policy.Warn && f.AtMost != policy.Audit {
				t.Errorf("%q: at most %q; want Warn or less", words, f.AtMost)
			}
		}
	}
	for _, k := range kubeletPaths {
		if k.atMost != policy.Warn && k.atMost != policy.Audit {
			t.Errorf("%s: at most %q; want Warn or less", k.name, k.atMost)
		}
	}
	for _, metadata := range []string{`{"name":"node-debugger-a"}`, `{"name":"a","labels":{"app.kubernetes.io/managed-by":"kubectl-debug"}}`} {
		in := managedInput(t, object.Pods, policy.Create, "", `{"metadata":`+metadata+`,"spec":{"hostPID":true,"containers":[{"name":"c"}]}}`)
		if got := checkNodeAccess(in); len(got) != 1 || got[0].AtMost != policy.Warn {
			t.Errorf("%s: findings %v; want one of at most Warn", metadata, summary(got))
		}
	}
}

func TestNodeAccessKubelet(t *testing.T) {
	for _, c := range []struct {
		node, path, want string
	}{
		{"a", "/exec/shop/web/web", "path: must not be /exec: it runs commands in the node's containers, past what guards pods/exec Warn"},
		{"a:10250", "/exec/shop/web/web", "path: must not be /exec: it runs commands in the node's containers, past what guards pods/exec Warn"},
		{"https:a:10250", "/cri/exec/x", "path: must not be /cri: it is the way to terminals in the node's containers Warn"},
		{"https:a:", "/run/shop/web/web/", "path: must not be /run: it runs commands in the node's containers, past what guards pods/exec Warn"},
		{"a", "/debug/flags/v", "path: must not be /debug/flags: it changes how much the kubelet logs Audit"},
		{"a", "/debug/pprof/heap", ""},
		{"a:9100", "/exec", ""},
		{"http:a:8080", "/run/report", ""},
		{"a", "/running", ""},
		{"a", "/runningpods/", ""},
		{"a", "/", ""},
		{"a", "", ""},
	} {
		in := managedInput(t, object.Nodes, policy.Connect, "", `{"metadata":{}}`)
		in.Name, in.Subresource = c.node, "proxy"
		options := object.Resource{Version: "v1", Kind: "NodeProxyOptions"}
		in.Object = managedObject(t, options, fmt.Sprintf(`{"apiVersion":"v1","kind":"NodeProxyOptions","path":%q}`, c.path))
		if got := strings.Join(summary(checkNodeAccess(in)), "\n"); got != c.want {
			t.Errorf("%s%s: got %q, want %q", c.node, c.path, got, c.want)
		}
		in.Object = nil
		if got := checkNodeAccess(in); got != nil {
			t.Errorf("without options: got %v, want nothing", summary(got))
		}
	}
}

// TestNodeAccessHostileCommands gives the rule what is long or deep: it must end, and not overflow.
func TestNodeAccessHostileCommands(t *testing.T) {
	for _, words := range [][]string{
		strings.Fields(strings.Repeat("nsenter -t1 ", 50_000)),
		{"sh", "-c", strings.Repeat("nsenter -t1 a;", 100_000)},
		{"sh", "-c", strings.Repeat("(", 60_000)},
	} {
		privilegedCommand(t, words...)
	}
}

func TestNodeAccessAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x"},"spec":{"template":{"spec":{
		"volumes":[{"name":"logs","hostPath":{"path":"/var/log"}}],"containers":[{"name":"b","stdin":true,"command":["sleep","infinity"]}]}}}}`)
	if got := checkNodeAccess(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkNodeAccess(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
