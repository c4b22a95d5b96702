import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.concurrent.*;
import org.reactivestreams.*;
import org.reactivestreams.tck.*;
import org.testng.*;
import org.testng.annotations.Factory;
import org.testng.annotations.ITestAnnotation;

/** What stands on the Java side: the suites, and what libraries are to be told. The bridge itself is operators.connectors.jvm. */
public final class Bridge {
  public interface Make { Object make(long n); }
  /** Told of each check when it begins (status 0), and when it has passed (1), failed (2) or was skipped (3). */
  public interface Hears { void hear(String check, int status, String why, long milliseconds); }

  /** SubmissionPublishers, one for each Subscriber unless they share it: so many elements, at once or one each so many milliseconds. */
  public static class Submitted implements Publisher<Object> {
    final Executor executor; final long elements, pause; final Throwable failure; SubmissionPublisher<Object> shared;
    public Submitted(Executor executor, long elements, long pause, boolean shared, Throwable failure) {
      this.executor = executor; this.elements = elements; this.pause = pause; this.failure = failure;
      if (shared) this.shared = source();
    }
    public static Executor here() { return Runnable::run; }
    SubmissionPublisher<Object> source() { return new SubmissionPublisher<>(executor, (int) Math.max(elements, 2)); }
    public void subscribe(Subscriber<? super Object> s) {
      SubmissionPublisher<Object> source = shared == null ? source() : shared;
      boolean first = !source.hasSubscribers();
      FlowAdapters.toPublisher(source).subscribe(s);
      if (!first) return;
      if (pause == 0) submit(source);
      else { Thread t = new Thread(() -> submit(source)); t.setDaemon(true); t.start(); }
    }
    void submit(SubmissionPublisher<Object> source) {
      for (long n = 0; n < elements && source.hasSubscribers(); n++) {
        source.submit((int) n);
        if (pause > 0) try { Thread.sleep(pause); } catch (InterruptedException e) { return; }
      }
      if (failure == null) source.close(); else source.closeExceptionally(failure);
    }
  }

  public static class Publishers extends PublisherVerification<Object> {
    final String name; final Make make, failed; final long most;
    public Publishers(String name, Make make, Make failed, long most, long ms, long quiet, long collected) {
      super(new TestEnvironment(ms, quiet), collected); this.name = name; this.make = make; this.failed = failed; this.most = most;
    }
    public Publisher<Object> createPublisher(long n) { return (Publisher<Object>) make.make(n); }
    public Publisher<Object> createFailedPublisher() { return failed == null ? null : (Publisher<Object>) failed.make(0); }
    public long maxElementsFromPublisher() { return most; }
    public String toString() { return name; }
  }
  public static class Processors extends IdentityProcessorVerification<Object> {
    final String name; final Make make, failed;
    final ExecutorService pool = Executors.newCachedThreadPool(r -> { Thread t = new Thread(r); t.setDaemon(true); return t; });
    public Processors(String name, Make make, Make failed, long ms, long quiet, long collected) {
      super(new TestEnvironment(ms, quiet), collected); this.name = name; this.make = make; this.failed = failed;
    }
    public Processor<Object, Object> createIdentityProcessor(int n) { return (Processor<Object, Object>) make.make(n); }
    public Publisher<Object> createFailedPublisher() { return (Publisher<Object>) failed.make(0); }
    public ExecutorService publisherExecutorService() { return pool; }
    public Object createElement(int n) { return n; }
    public long maxSupportedSubscribers() { return 1; }
    public String toString() { return name; }
  }
  public static class Subscribers extends SubscriberBlackboxVerification<Object> {
    final String name; final Make make;
    public Subscribers(String name, Make make, long ms, long quiet) { super(new TestEnvironment(ms, quiet)); this.name = name; this.make = make; }
    public Subscriber<Object> createSubscriber() { return (Subscriber<Object>) make.make(0); }
    public Object createElement(int n) { return n; }
    public String toString() { return name; }
  }

  /** Hears of errors that libraries would print. */
  public interface Deaf extends java.util.function.Consumer<Throwable>, io.reactivex.rxjava3.functions.Consumer<Throwable> { void accept(Throwable t); }
  public static Deaf deaf() { return t -> { }; }
  /** Has threads say nothing of what a Subscriber of Python has raised, which ends some of them. */
  public static void hush() {
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> { if (!String.valueOf(error.getMessage()).startsWith("ProbeError")) error.printStackTrace(); });
  }
  public static java.util.function.Function<String, reactor.util.Logger> mute() {
    Object logger = java.lang.reflect.Proxy.newProxyInstance(Bridge.class.getClassLoader(), new Class<?>[] {reactor.util.Logger.class},
      (p, m, a) -> m.getReturnType() == boolean.class ? Boolean.FALSE : m.getReturnType() == String.class ? "mute" : null);
    return name -> (reactor.util.Logger) logger;
  }

  static Object suite;
  public static class One { @Factory public Object[] one() { return new Object[] {suite}; } }

  /** Runs the checks of one suite, those whose names contain one of the words if there are any, each for so long at most. */
  public static void run(Object suite, Hears hears, long limit, String... words) {
    Bridge.suite = suite;
    TestNG runner = new TestNG(false);
    runner.setVerbose(0);
    runner.setTestClasses(new Class<?>[] {One.class});
    runner.addListener((ITestNGListener) new Bounded(limit));
    runner.addListener((ITestNGListener) (IMethodInterceptor) (methods, context) -> {
      if (words.length > 0) methods.removeIf(m -> { for (String w : words) if (m.getMethod().getMethodName().contains(w)) return false; return true; });
      return methods;
    });
    runner.addListener((ITestNGListener) new Heard(hears));
    runner.run();
  }
  static class Bounded implements IAnnotationTransformer {
    final long limit;
    Bounded(long limit) { this.limit = limit; }
    @SuppressWarnings("rawtypes") public void transform(ITestAnnotation a, Class c, Constructor k, Method m) { a.setTimeOut(limit); }
  }
  static class Heard implements ITestListener {
    final Hears hears;
    Heard(Hears hears) { this.hears = hears; }
    void tell(ITestResult r, int status) {
      Throwable why = r.getThrowable();
      hears.hear(r.getName(), status, why == null ? "" : String.valueOf(why.getMessage()), r.getEndMillis() - r.getStartMillis());
    }
    public void onTestStart(ITestResult r) { hears.hear(r.getName(), 0, "", 0); }
    public void onTestSuccess(ITestResult r) { tell(r, 1); }
    public void onTestFailure(ITestResult r) { tell(r, 2); }
    public void onTestFailedWithTimeout(ITestResult r) { tell(r, 2); }
    public void onTestSkipped(ITestResult r) { tell(r, 3); }
  }
}
