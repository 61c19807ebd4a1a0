package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds jol once for the tests that need a process to kill.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "jol-binary")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "jol")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// process is a running demo.
type process struct {
	cmd      *exec.Cmd
	url      string
	output   string // what it printed before it served
	accounts map[string]demoAccount
}

var listening = regexp.MustCompile(`Listening on (http://[0-9.:]+)`)

// startDemo runs the real binary on a free port and waits until it is ready.
func startDemo(t *testing.T, data string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, path, "demo", "--addr", "127.0.0.1:0", "--data", data, "--clients", "20")}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.output += lines.Text() + "\n"
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			p.url = m[1]
		}
		if strings.Contains(lines.Text(), "# Ctrl-C stops") { // the last printed line
			break
		}
	}
	if p.url == "" {
		t.Fatalf("the demo did not start: %s", stderr.String())
	}
	go func() {
		for lines.Scan() { // keep the pipe empty
		}
	}()
	p.readAccounts(t, data)
	p.waitReady(ctx, t)
	return p
}

func (p *process) readAccounts(t *testing.T, data string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(data, accountsFile))
	if err != nil {
		t.Fatal(err)
	}
	var list []demoAccount
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	p.accounts = map[string]demoAccount{}
	for _, a := range list {
		if _, ok := p.accounts[string(a.Role)]; !ok {
			p.accounts[string(a.Role)] = a
		}
	}
}

// waitReady polls /readyz; a refused connection is answered at once, so it yields
// between attempts only as long as a connection takes.
func (p *process) waitReady(ctx context.Context, t *testing.T) {
	t.Helper()
	for ctx.Err() == nil {
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatal("never ready")
}

// call makes one request as the first account of a role.
func (p *process) call(role, method, path, key, body string) (int, map[string]any, error) {
	req, err := http.NewRequest(method, p.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.accounts[role].Token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer := map[string]any{}
	err = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, answer, err
}

// TestProcess_KilledLosesNoAcknowledgedWrite kills the real binary with SIGKILL in the
// middle of 1,000 concurrent writes and looks for every write it had acknowledged.
func TestProcess_KilledLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := startDemo(t, data)
	const writes, killAfter = 1000, 300
	type ack struct{ key, code string }
	acks := make(chan ack, writes)
	var wg sync.WaitGroup
	for i := range writes {
		wg.Go(func() {
			body := fmt.Sprintf(`{"country":"KZ","sex":"M","birthYear":%d,"motherInitials":"Аб","fatherInitials":"Ва","distinct":true}`, 1950+i%50)
			key := fmt.Sprintf("kill-%d", i)
			status, answer, err := p.call("ngo_outreach", "POST", "/clients", key, body)
			if err == nil && status == http.StatusCreated {
				acks <- ack{key, answer["code"].(string)}
			}
		})
	}
	var acknowledged []ack
	for a := range acks {
		if acknowledged = append(acknowledged, a); len(acknowledged) == killAfter {
			_ = p.cmd.Process.Signal(syscall.SIGKILL)
			break
		}
	}
	wg.Wait()
	close(acks)
	for a := range acks {
		acknowledged = append(acknowledged, a)
	}
	_ = p.cmd.Wait()
	if len(acknowledged) == writes {
		t.Fatal("the process was killed too late to prove anything")
	}
	p = startDemo(t, data)
	for _, a := range acknowledged {
		status, _, err := p.call("ngo_outreach", "GET", "/clients/"+a.code, "", "")
		if err != nil || status != http.StatusOK {
			t.Errorf("an acknowledged write is lost: status %d, %v", status, err)
		}
	}
	t.Logf("%d of %d writes acknowledged before the kill, none lost", len(acknowledged), writes)
}

// TestProcess_DrainsOnSIGTERM lets the request in flight finish.
func TestProcess_DrainsOnSIGTERM(t *testing.T) {
	t.Parallel()
	p := startDemo(t, t.TempDir())
	if status, _, err := p.call("clinician", "GET", "/me", "", ""); err != nil || status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("the process did not end cleanly: %v", err)
	}
}

// TestDemo_PrintsAnOutboxThatIsTaken pastes the printed call into a shell, and uses the
// device that the outreach worker has.
func TestDemo_PrintsAnOutboxThatIsTaken(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := startDemo(t, data)
	_, call, found := strings.Cut(p.output, "an outreach worker's telephone sends")
	if !found {
		t.Fatalf("no such call in %s", p.output)
	}
	_, call, _ = strings.Cut(call, "\n")
	call, _, _ = strings.Cut(call, "\n\n")
	for range 2 { // every paste is a new contact
		out, err := exec.CommandContext(t.Context(), "sh", "-c", call).CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"status":"accepted"`) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for role, a := range p.accounts {
		if (a.DeviceToken != "") != (role == "ngo_outreach") {
			t.Errorf("%s has the device token %q", role, a.DeviceToken)
		}
	}
	if info, err := os.Stat(filepath.Join(data, accountsFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	req, err := http.NewRequest(http.MethodGet, p.url+"/api/v1/device-state", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Device-Token", p.accounts["ngo_outreach"].DeviceToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the device: %s", res.Status)
	}
}
