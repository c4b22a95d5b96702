import java.util.concurrent.*;
import org.reactivestreams.*;
import org.reactivestreams.tck.*;
import org.testng.annotations.Factory;

/** What stands on the Java side. Python gives back what it would raise: an exception of Python has no message here. */
public final class Bridge {
  public interface PyPublisher { Throwable subscribe(Subscriber<Object> s); }
  public interface PySubscription { Throwable request(long n); Throwable cancel(); }
  public interface PySubscriber {
    Throwable onSubscribe(Subscription s); Throwable onNext(Object o); Throwable onError(Throwable t); Throwable onComplete();
  }
  public interface Make { Object make(long n); }

  // Built here: a NullPointerException that JPype has built arrives as something else.
  public static Throwable built(int kind, String message) {
    return kind == 0 ? new NullPointerException(message) : kind == 1 ? new IllegalArgumentException(message) : new RuntimeException(message);
  }

  public static String message(Throwable t) { return t.getMessage(); }
  @SuppressWarnings("unchecked") static <T extends Throwable> void pass(Throwable t) throws T { if (t != null) throw (T) t; }

  public static class OfPublisher implements Publisher<Object> {
    final PyPublisher py;
    public OfPublisher(PyPublisher py) { this.py = py; }
    public void subscribe(Subscriber<? super Object> s) { Bridge.<RuntimeException>pass(py.subscribe((Subscriber<Object>) s)); }
  }
  public static class OfSubscription implements Subscription {
    volatile PySubscription py; // a cycle across both heaps is never collected: cut when it is over
    public OfSubscription(PySubscription py) { this.py = py; }
    public void request(long n) { PySubscription p = py; if (p != null) Bridge.<RuntimeException>pass(p.request(n)); }
    public void cancel() { PySubscription p = py; py = null; if (p != null) Bridge.<RuntimeException>pass(p.cancel()); }
  }
  public static class OfSubscriber implements Subscriber<Object> {
    final PySubscriber py;
    public OfSubscriber(PySubscriber py) { this.py = py; }
    public void onSubscribe(Subscription s) { Bridge.<RuntimeException>pass(py.onSubscribe(s)); }
    public void onNext(Object o) { Bridge.<RuntimeException>pass(py.onNext(o)); }
    public void onError(Throwable t) { Bridge.<RuntimeException>pass(py.onError(t)); }
    public void onComplete() { Bridge.<RuntimeException>pass(py.onComplete()); }
  }
  public static class OfProcessor extends OfSubscriber implements Processor<Object, Object> {
    final PyPublisher out;
    public OfProcessor(PySubscriber in, PyPublisher out) { super(in); this.out = out; }
    public void subscribe(Subscriber<? super Object> s) { Bridge.<RuntimeException>pass(out.subscribe((Subscriber<Object>) s)); }
  }

  public static class Publishers extends PublisherVerification<Object> {
    final String name; final Make make, failed; final long most;
    public Publishers(String name, Make make, Make failed, long most, long ms) {
      super(new TestEnvironment(ms, ms / 4)); this.name = name; this.make = make; this.failed = failed; this.most = most;
    }
    public Publisher<Object> createPublisher(long n) { return (Publisher<Object>) make.make(n); }
    public Publisher<Object> createFailedPublisher() { return failed == null ? null : (Publisher<Object>) failed.make(0); }
    public long maxElementsFromPublisher() { return most; }
    public String toString() { return name; }
  }
  public static class Processors extends IdentityProcessorVerification<Object> {
    final String name; final Make make, failed;
    final ExecutorService pool = Executors.newCachedThreadPool(r -> { Thread t = new Thread(r); t.setDaemon(true); return t; });
    public Processors(String name, Make make, Make failed, long ms) { super(new TestEnvironment(ms, ms / 4)); this.name = name; this.make = make; this.failed = failed; }
    public Processor<Object, Object> createIdentityProcessor(int n) { return (Processor<Object, Object>) make.make(n); }
    public Publisher<Object> createFailedPublisher() { return (Publisher<Object>) failed.make(0); }
    public ExecutorService publisherExecutorService() { return pool; }
    public Object createElement(int n) { return n; }
    public long maxSupportedSubscribers() { return 1; }
    public String toString() { return name; }
  }
  public static class Subscribers extends SubscriberBlackboxVerification<Object> {
    final String name; final Make make;
    public Subscribers(String name, Make make, long ms) { super(new TestEnvironment(ms, ms / 4)); this.name = name; this.make = make; }
    public Subscriber<Object> createSubscriber() { return (Subscriber<Object>) make.make(0); }
    public Object createElement(int n) { return n; }
    public String toString() { return name; }
  }

  public static Object[] all = {};
  public static class All { @Factory public Object[] all() { return all; } }
}
