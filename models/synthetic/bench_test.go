package synthetic_test
import ("testing";"syscall";"fmt";"time";"context";"os";"strconv";"runtime/pprof";"jol/models";"jol/models/store/storetest";"jol/models/synthetic")
func TestSpeed(t *testing.T) {
	n,_ := strconv.Atoi(os.Getenv("N")); if n==0 {n=2000}
	eng := os.Getenv("ENG"); if eng=="" {eng="sqlite"}
	w, err := synthetic.Generate(synthetic.Config{Country:"KZ", Seed:1, Clients:n, Anchor:"2026-10-01"})
	if err != nil { t.Fatal(err) }
	s := storetest.NewWorld(t, eng)
	in, _ := w.Import(func(models.User) string { return "correct horse battery" })
	if p := os.Getenv("PROF"); p != "" { f,_ := os.Create(p); pprof.StartCPUProfile(f); defer pprof.StopCPUProfile() }
	if pr := os.Getenv("PRAGMA"); pr != "" { db,_,_ := s.Pool(); if _, err := db.Exec(pr); err != nil { t.Fatal(err) } }
	var r0, r1 syscall.Rusage; syscall.Getrusage(0,&r0)
	t0 := time.Now()
	if err := s.Import(context.Background(), in, func(d, n int){}); err != nil { t.Fatal(err) }
	d := time.Since(t0)
	syscall.Getrusage(0,&r1)
	cpu := time.Duration(r1.Utime.Nano()-r0.Utime.Nano()+r1.Stime.Nano()-r0.Stime.Nano())
	fmt.Println("cpu", cpu)
	fmt.Println(eng, n, d, float64(n)/d.Seconds())
}
