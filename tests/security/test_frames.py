import json, os, time, pytest
from pathlib import Path
from tests.security.tab import open_tab
import psutil

def cpu(web):
    port=int(web.rsplit(":",1)[1])
    total=0
    for p in psutil.process_iter():
        try:
            if "tests.security.serve" in " ".join(p.cmdline()) and str(port) in p.cmdline():
                t=p.cpu_times(); total+=t.user+t.system
        except Exception: pass
    return total

STRS=["/"*60000, "x\nFORGED 12:00:00 [info] admin", "\x1b[31mred"]
def test_x(web, redis, data_dir):
    def raw(frame, tok=True):
        n=os.path.getsize(data_dir/"web.log")
        try:
            with open_tab(web) as tab:
                c0=cpu(web)
                tab._socket.send(frame)
                try:
                    tab.read_to_mark(20)
                except Exception as e: print("  ->", type(e).__name__, e)
                c1=cpu(web)
        except Exception as e: print("open", e)
        time.sleep(.3)
        log=(data_dir/"web.log").read_bytes()[n:]
        print("###", str(frame)[:80], "cpu", round(c1-c0,2), "log", len(log)); print(log.decode()[:3000])
    S="reflex___state____state."
    ex="reflex___state____state.reflex___state____frontend_event_exception_state.handle_frontend_exception"
    rd={"pathname":"/","asPath":"/reset?token=SECRETTOKEN","query":{"token":"SECRETTOKEN"}}
    ev=lambda name,payload: "42/_event,"+json.dumps(["event",{"name":name,"payload":payload,"router_data":rd}])
    raw("42/_event,"+json.dumps(["event","/"*60000]))
    raw("42/_event,"+json.dumps(["event",["/"*60000]]))
    raw("42/_event,"+json.dumps(["event",{"name":"nope","payload":{"password":"SECRETPW"},"router_data":rd}]))
    raw(ev(ex,{"info":"TypeError: can't access property \", "*1500,"component_stack":""}))
    raw(ev(ex,{"info":"Boom\n\x1b[31m at https://x/?token=abc"+"/"*50000,"component_stack":""}))
    raw(ev("reflex___state____state.tests___security___throwaway____throwaway.mark",{"nope":"x"}))
    raw(ev("reflex___state____state.tests___security___throwaway____throwaway.mark",{"mark":{"password":"SECRETPW"}}))
    raw(ev("reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal",{"vars":"SECRETPW"}))
    raw("42/_event,"+json.dumps(["connect",{"QUERY_STRING":"token=abc"}]))
    raw("451-/_event,"+json.dumps(["event",{"_placeholder":True,"num":0}]))
    raw(b"abc")
    raw("bQUJD")
    raw("x")
    raw("4"+"x")
    raw("42/_event,["+"["*50000)
    raw("/"*1000000)
    raw("42/other,[\"event\"]")
    raw("42/_event,"+json.dumps(["client_error",{"error_type":"\x1b[31m"+"a\nb"*3000,"message":"password: SECRETPW"}]))
    raw("40/_event,"+json.dumps({"event":{"name":"nope","payload":{"password":"SECRETPW"},"router_data":rd},"state_schema":"x\nFORGED"}))
